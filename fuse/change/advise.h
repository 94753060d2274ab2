/* SPDX-License-Identifier: MIT */
/* madvise() inside a region, for every process that has it. */
#ifndef ADVISE_H
#define ADVISE_H

#include <stdatomic.h>

#include "region/region.h"

/*
 * advice: MADV_DONTNEED or MADV_POPULATE_WRITE, else -EINVAL. 0, or -ENOMEM:
 * not all of the range is mapped, or there is no memory; -EINTR once *stop is
 * true.
 */
int region_advise(struct region *region, const struct extent *range,
		  uint32_t advice, const atomic_bool *stop);

#endif
