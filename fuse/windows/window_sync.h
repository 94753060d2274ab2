/* SPDX-License-Identifier: MIT */
/*
 * Brings all windows of a region, in whichever process, to what its mappings
 * demand (mapping/protection.h), through the userfaultfds that their processes
 * handed over.
 */
#ifndef WINDOW_SYNC_H
#define WINDOW_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "region/region.h"

/* A change of mappings; under the region's "change". */
struct window_sync {
	struct protection
		before; /* on whole units; nothing to do if it is empty */
	struct protection during;
	struct protection after;
	struct protection pages; /* during, on the pages in question alone */
};

struct window_sync_hints {
	bool special;		    /* some mappings will be unlike the usual */
	const struct extents *back; /* pages that will be there again */
	const struct extents *freed; /* pages that will go */
};

/*
 * What these whole pages demand now, and will demand with the mappings that
 * will be there then. 0 or -ENOMEM.
 */
int window_sync_plan(struct region *region, const struct extent *pages,
		     struct mapping_tree *then,
		     const struct window_sync_hints *hints,
		     struct window_sync *sync);
/*
 * Everywhere: forbids what will be forbidden, guards or opens as it will be.
 * On failure (-ENOMEM) all is as it was.
 */
int window_sync_tighten(struct region *region, const struct window_sync *sync);
/* The change failed after that. */
void window_sync_undo(struct region *region, const struct window_sync *sync);
/* Under lock, together with the change of the mappings. */
void window_sync_changed(struct region *region);
/* These pages were freed: what is protected of them still is, from now on. */
void window_sync_freed(struct region *region, const struct window_sync *sync,
		       const struct extents *freed);
/* Everywhere: allows what is allowed now. */
void window_sync_relax(struct region *region, const struct window_sync *sync);
void window_sync_free(struct window_sync *sync);

#endif
