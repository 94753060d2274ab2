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
struct prot_none {
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
struct prot_none_request {
	const struct extents *pages;
	const struct extents *usable_now, *usable_then, *kept_then;
	bool back_all;
};
int prot_none_plan(struct region *region, const struct prot_none_request *plan,
		   struct prot_none *keep);

/*
 * Once all windows are held to it: what there really is to put away. -ENOMEM,
 * -EOPNOTSUPP: the kernel does not tell.
 */
int prot_none_find(struct region *region, struct prot_none *keep);

/* Bytes that it takes, before it gives anything. */
uint64_t prot_none_takes(const struct prot_none *keep);
uint64_t prot_none_gives(const struct prot_none *keep);

/*
 * Copies there and back. On failure undo it: -ENOMEM, -EINTR, -EOPNOTSUPP as
 * of populate_install().
 */
int prot_none_copy(struct region *region, const struct prot_none *keep,
		   const atomic_bool *stop);
void prot_none_undo(struct region *region, const struct prot_none *keep);
/* Under lock, with the change of the mappings; takes keep->then over. */
void prot_none_changed(struct region *region, struct prot_none *keep);
/* What is mapped anew in range without access is nothing yet, if it is kept. */
void prot_none_zero(struct region *region, const struct extent *range);
/* Frees what is of no use any more. */
void prot_none_finish(struct region *region, const struct prot_none *keep);
void prot_none_plan_free(struct prot_none *keep);

/* At the end of the region. */
void prot_none_free(struct region *region);

#endif
