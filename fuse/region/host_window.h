/* SPDX-License-Identifier: MIT */
/*
 * Host windows: the daemon maps each region itself, once for each kind of
 * access in use, and keeps the page tables filled. A process that attaches
 * shares these tables: it takes one fault a GiB instead of one a huge page.
 *
 * Host windows only save time; where one cannot be made, everything else works.
 * Callers hold the region's lock.
 */
#ifndef HOST_WINDOW_H
#define HOST_WINDOW_H

#include <stdint.h>

#include "mapping/protection_steps.h"
#include "region/region.h"

/* Called once, in the process that will serve (after daemonizing). */
void host_window_init(void);

/* Provides page tables for windows with this access, unless there are some. */
void host_window_add(struct region *region, uint32_t prot);
/* Fills the page tables for the mapped pages of [start, end). */
void host_window_fill(struct region *region, uint64_t start, uint64_t end);
/*
 * Called after pages of these units were freed. To free them the kernel unlinks
 * the shared table from every window but one, which keeps the table with all
 * its entries. A fault on one page of the unit links the whole table again.
 */
void host_window_share_again(struct region *region, const struct extent *units);
/* Applies the steps for windows that cannot be written. */
void host_window_apply(struct region *region,
		       const struct protection_steps *steps);
void host_window_free(struct region *region);

#endif
