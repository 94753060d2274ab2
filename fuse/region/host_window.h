/* SPDX-License-Identifier: MIT */
/*
 * Host windows: the daemon maps each region itself, once for each kind of
 * access in use, and keeps the page tables filled. A process that attaches
 * finds them there: one fault a GiB, instead of one a huge page.
 *
 * A host window only makes things fast; where one cannot be had, all else
 * works. Callers hold the region's lock.
 */
#ifndef HOST_WINDOW_H
#define HOST_WINDOW_H

#include <stdint.h>

#include "mapping/protection_steps.h"
#include "region/region.h"

/* Once, in the process that will serve. */
void host_window_init(void);

/* Makes sure that windows of this access find filled tables. */
void host_window_add(struct region *region, uint32_t prot);
/* Enters the pages of [start, end) that are mapped into the tables. */
void host_window_fill(struct region *region, uint64_t start, uint64_t end);
/*
 * After pages of these units were freed. That takes their shared table from
 * each window but the last to be asked, which keeps it and what it holds: so
 * one page of a unit, entered again, brings back all of its table.
 */
void host_window_share_again(struct region *region, const struct extent *units);
/* What windows that cannot be written have to do. */
void host_window_apply(struct region *region,
		       const struct protection_steps *steps);
void host_window_free(struct region *region);

#endif
