/* SPDX-License-Identifier: MIT */
/*
 * Changes of the mappings of a region, with everything they do to memory and
 * windows. Ranges are relative to the region, and were checked
 * (region_rules.h).
 */
#ifndef MAPPING_CHANGE_H
#define MAPPING_CHANGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "region/region.h"

/*
 * Maps zeroed memory. All of it is allocated now; with MAPPING_LAZY in prot,
 * each page when it is touched. -ENOMEM, or -EINTR: *stop became true; then
 * everything is as before.
 */
int region_map(struct region *region, const struct extent *range, uint32_t prot,
	       const atomic_bool *stop);
/* Removes mappings. Huge pages that none needs any more are freed. */
int region_unmap(struct region *region, const struct extent *range);

/*
 * mprotect(). The contents are kept, even with PROT_NONE. -EINVAL: prot has
 * other bits than PROT_READ, PROT_WRITE and PROT_EXEC; -ENOMEM: part of the
 * range is not mapped, or no memory is left; -EINTR.
 */
int region_protect(struct region *region, const struct extent *range,
		   uint32_t prot, const atomic_bool *stop);
/* The owner has exited: removes all mappings, and refuses new ones for good. */
void region_end(struct region *region);

/* Frees whole pages of the file in all processes. */
int region_free_pages(struct region *region, const struct extent *pages);
/* Logs that so many bytes could not be had, and what is free. */
void region_log_no_memory(struct region *region, uint64_t wanted);

#endif
