/* SPDX-License-Identifier: MIT */
/*
 * Remote control: brings all windows of a region, in whichever process, to what
 * its mappings demand (modes.h), through the userfaultfds that were handed
 * over.
 *
 * No window misses a change. One that is being made was told what it has to be
 * when it was added, and a later change waits for it; so does it for one that
 * may or may not go away. Both take moments, or end when the client is hung up
 * on.
 */
#ifndef WINDOW_SYNC_H
#define WINDOW_SYNC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "region/region.h"

struct window;

/* Is written to when a window needs the attach thread's attention. */
void control_init(int eventfd);

/* For the attach thread. */

/* A window is coming; *steps is what its process has to do to it. */
int control_add(struct region *region, struct window *window,
		struct steps *steps);
/* It has come, or it stays after all: changes may get at it. */
void control_here(struct window *window);
/*
 * It may go: no change touches it from now on. False: one just does; ask again
 * when control_init()'s eventfd was written to.
 */
bool control_leave(struct window *window);
/* It is gone. Its userfaultfd is closed. */
void control_remove(struct window *window);

/* What has to be done to a new window. Under lock. */
int control_steps(struct region *region, bool can_write, struct steps *steps);

/* Looks whether the window's memory is still there; may take its time. */
void control_probe(struct window *window);

/* A change of mappings; under the region's "change". */
struct control {
	struct modes before; /* on whole units; nothing to do if it is empty */
	struct modes during;
	struct modes after;
	struct modes pages; /* during, on the pages in question alone */
};

struct control_hints {
	bool special;		    /* some mappings will be unlike the usual */
	const struct extents *back; /* pages that will be there again */
	const struct extents *freed; /* pages that will go */
};

/*
 * What these whole pages demand now, and will demand with the mappings that
 * will be there then. 0 or -ENOMEM.
 */
int control_plan(struct region *region, const struct extent *pages,
		 struct mapping_tree *then, const struct control_hints *hints,
		 struct control *control);
/*
 * Everywhere: forbids what will be forbidden, guards or opens as it will be.
 * On failure (-ENOMEM) all is as it was.
 */
int control_tighten(struct region *region, const struct control *control);
/* The change failed after that. */
void control_undo(struct region *region, const struct control *control);
/* Under lock, together with the change of the mappings. */
void control_changed(struct region *region);
/* These pages were freed: what is protected of them still is, from now on. */
void control_freed(struct region *region, const struct control *control,
		   const struct extents *freed);
/* Everywhere: allows what is allowed now. */
void control_relax(struct region *region, const struct control *control);
void control_free(struct control *control);

#endif
