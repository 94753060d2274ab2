/* SPDX-License-Identifier: MIT */
/* madvise() inside a region, for all processes that have it mapped. */
#ifndef ADVISE_H
#define ADVISE_H

#include <stdatomic.h>

#include "region/region.h"

/*
 * advice: MADV_DONTNEED or MADV_POPULATE_WRITE, else -EINVAL. 0; -ENOMEM: part
 * of the range is not mapped, or no memory is left; -EINTR: *stop became true.
 */
int region_advise(struct region *region, const struct extent *range,
		  uint32_t advice, const atomic_bool *stop);

#endif
