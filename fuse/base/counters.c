/* SPDX-License-Identifier: MIT */
#include "base/counters.h"

struct counters counters;
