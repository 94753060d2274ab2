/* SPDX-License-Identifier: MIT */
/* The one set of counters. */
#include "base/counters.h"

struct counters counters;
