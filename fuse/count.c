/* SPDX-License-Identifier: MIT */
#include "count.h"

struct counts counts;
