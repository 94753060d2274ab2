/* SPDX-License-Identifier: MIT */
/*
 * Gives all windows of a region, in every process, the protection that its
 * mappings demand (mapping/protection.h), through the userfaultfds that the
 * processes handed over.
 */
#ifndef WINDOW_SYNC_H
#define WINDOW_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "mapping/protection_steps.h"
#include "region/region.h"

/* Steps for windows that can be written, and for the others. */
struct window_steps {
	struct protection_steps writers;
	struct protection_steps readers;
};

/*
 * The protection before, during and after a change of mappings, of whole
 * sharing units. Nothing is to be done if before is empty. Callers hold
 * change_lock.
 */
struct window_sync {
	struct protection before;
	struct protection during;
	struct protection after;
	struct protection during_pages; /* during, on the changed pages only */
	/* The ways between them: */
	struct window_steps tighten; /* before to during */
	struct window_steps undo;    /* during to before */
	struct window_steps relax;   /* during to after */
	struct window_steps again;   /* during, once more on freed pages */
};

struct window_sync_hints {
	bool special;		    /* a mapping will be lazy or not writable */
	const struct extents *back; /* pages to be moved back */
	const struct extents *freed; /* pages to be freed */
};

/*
 * Plans a change of these whole pages, from the mappings of the region to
 * maps_after. 0 or -ENOMEM.
 */
int window_sync_plan(struct region *region, const struct extent *pages,
		     struct mapping_tree *maps_after,
		     const struct window_sync_hints *hints,
		     struct window_sync *sync);
/*
 * Before the change: forbids in all windows what is forbidden before or after
 * it. On failure all windows are as before: -ENOMEM, or -EBUSY if a process
 * keeps its window from being changed.
 */
int window_sync_tighten(struct region *region, const struct window_sync *sync);
/* The change failed after window_sync_tighten(): restores all windows. */
void window_sync_undo(struct region *region, const struct window_sync *sync);
/* Counts the change. Called under lock, when the mappings change. */
void window_sync_changed(struct region *region);
/*
 * Restores the protection of pages that were freed. 0, or an error: in some
 * window it is not restored.
 */
int window_sync_freed(struct region *region, const struct window_sync *sync);
/*
 * After the change: allows in all windows what is allowed now. 0, or an error:
 * some window refuses accesses that are allowed.
 */
int window_sync_relax(struct region *region, const struct window_sync *sync);
void window_sync_free(struct window_sync *sync);

#endif
