/* SPDX-License-Identifier: MIT */
/*
 * What a change of a region's mappings does to memory. Ranges were checked
 * (region.h) and are relative to the region.
 */
#ifndef MAPPING_CHANGE_H
#define MAPPING_CHANGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "region/region.h"

/*
 * Places fresh, zeroed memory, all of it taken from the pool now; or if prot
 * has MAPPING_LAZY, when it is touched. On failure everything is as it was:
 * -ENOMEM, or -EINTR once *stop is true.
 */
int region_map(struct region *region, const struct extent *range, uint32_t prot,
	       const atomic_bool *stop);
/* Huge pages that no mapping needs any more are gone in every process. */
int region_unmap(struct region *region, const struct extent *range);

/*
 * mprotect(): -EINVAL if prot is more than PROT_READ, PROT_WRITE and PROT_EXEC;
 * -ENOMEM where not all of it is mapped; -EINTR. What it holds is
 * kept, also without any access.
 */
int region_protect(struct region *region, const struct extent *range,
		   uint32_t prot, const atomic_bool *stop);
/* Its owner has exited: nothing is mapped in it, and never will be again. */
void region_end(struct region *region);

/* Frees whole pages of the file, in every process. */
int region_free_pages(struct region *region, const struct extent *pages);
void region_log_no_memory(struct region *region, uint64_t wanted);

#endif
