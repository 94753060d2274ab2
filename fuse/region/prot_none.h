/* SPDX-License-Identifier: MIT */
/*
 * What mappings hold while nobody has access to them (mprotect(PROT_NONE)).
 * Their pages are moved to another file, where no window finds them, and come
 * back when one of the mappings in them can be used again.
 *
 * All under the region's "change".
 */
#ifndef PROT_NONE_H
#define PROT_NONE_H

#include <stdatomic.h>

#include "region/region.h"

/* What a change does to what is kept; whole pages. */
struct keep {
	struct extents put;  /* moved away */
	struct extents back; /* moved back */
	struct extents gone; /* of no use any more, the latter included */
	struct extents then; /* what will be kept */
};

/*
 * usable, kept: pages that such mappings overlap, now and then; pages: all that
 * are touched. back_all: what comes back is needed, whoever used it. 0 or
 * -errno.
 */
struct keep_plan {
	const struct extents *pages;
	const struct extents *usable_now, *usable_then, *kept_then;
	bool back_all;
};
int keep_plan(struct region *region, const struct keep_plan *plan,
	      struct keep *keep);

/*
 * Once all windows are held to it: what there really is to put away. -ENOMEM,
 * -EOPNOTSUPP: the kernel does not tell.
 */
int keep_look(struct region *region, struct keep *keep);

/* Bytes that it takes, before it gives anything. */
uint64_t keep_takes(const struct keep *keep);
uint64_t keep_gives(const struct keep *keep);

/*
 * Copies there and back. On failure undo it: -ENOMEM, -EINTR, -EOPNOTSUPP as
 * of populate_install().
 */
int keep_copy(struct region *region, const struct keep *keep,
	      const atomic_bool *stop);
void keep_undo(struct region *region, const struct keep *keep);
/* Under lock, with the change of the mappings; takes keep->then over. */
void keep_changed(struct region *region, struct keep *keep);
/* What is mapped anew in range without access is nothing yet, if it is kept. */
void keep_zero(struct region *region, const struct extent *range);
/* Frees what is of no use any more. */
void keep_finish(struct region *region, const struct keep *keep);
void keep_plan_free(struct keep *keep);

/* At the end of the region. */
void keep_free(struct region *region);

#endif
