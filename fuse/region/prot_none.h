/* SPDX-License-Identifier: MIT */
/*
 * The contents of mappings while nobody has access to them
 * (mprotect(PROT_NONE)). Their pages are moved to another file, where no window
 * finds them, and come back when a mapping in them can be used again.
 *
 * Callers hold change_lock.
 */
#ifndef PROT_NONE_H
#define PROT_NONE_H

#include <stdatomic.h>

#include "region/region.h"

/* The whole pages that a change of mappings moves. */
struct prot_none {
	struct extents away;	   /* to the file of kept pages */
	struct extents back;	   /* to the region's file */
	struct extents unused;	   /* kept now, not after; includes back */
	struct extents kept_after; /* kept when the change is done */
};

/* The pages of a change, by the mappings that overlap them before and after. */
struct prot_none_request {
	const struct extents *pages; /* all of them */
	const struct extents *usable_before;
	const struct extents *usable_after;
	const struct extents *kept_after;
	bool back_all; /* even where nothing is kept after the change */
};

/* Plans what moves. 0 or -ENOMEM. */
int prot_none_plan(struct region *region,
		   const struct prot_none_request *request,
		   struct prot_none *moves);

/*
 * Reduces the pages to move away to those that are present. Called when no
 * window can write to them any more. -ENOMEM, -EINTR (*stop became true), or
 * -EOPNOTSUPP: the kernel cannot tell which pages are present.
 */
int prot_none_find(struct region *region, struct prot_none *moves,
		   const atomic_bool *stop);

/* Bytes of memory that moving takes first, and that it frees at the end. */
uint64_t prot_none_takes(const struct prot_none *moves);
uint64_t prot_none_gives(const struct prot_none *moves);

/*
 * Copies pages away and back; the originals stay. 0, or -ENOMEM, -EINTR or
 * -EOPNOTSUPP as populate_install(); then the caller calls prot_none_undo().
 */
int prot_none_copy(struct region *region, const struct prot_none *moves,
		   const atomic_bool *stop);
void prot_none_undo(struct region *region, const struct prot_none *moves);
/*
 * Updates region->kept; takes over moves->kept_after. Called under lock, when
 * the mappings change.
 */
void prot_none_changed(struct region *region, struct prot_none *moves);
/* Frees the kept pages that are not needed any more. */
void prot_none_finish(struct region *region, const struct prot_none *moves);
void prot_none_plan_free(struct prot_none *moves);

/* Frees all kept pages, at the end of the region. */
void prot_none_free(struct region *region);

#endif
