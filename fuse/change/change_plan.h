/* SPDX-License-Identifier: MIT */
/*
 * Plans a change of mappings: which pages are to be taken, freed, moved and
 * zeroed, and what windows must be forbidden meanwhile. Nothing is changed yet.
 */
#ifndef CHANGE_PLAN_H
#define CHANGE_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/extents.h"
#include "mapping/mapping.h"
#include "memory/populate.h"
#include "region/prot_none.h"
#include "region/region.h"
#include "windows/window_sync.h"

/* A change of the mappings in a range. */
struct change {
	enum {
		CHANGE_MAP,
		CHANGE_UNMAP,
		CHANGE_PROTECT
	} kind;
	struct extent range;
	uint32_t prot; /* for CHANGE_MAP also MAPPING_LAZY */
	const atomic_bool *stop;
};

/* The huge pages that mappings overlap, before or after a change. */
struct change_view {
	struct extents usable;
	struct extents eager; /* these are allocated and counted */
	struct extents kept;
};

/*
 * What a change does to the pages of its range. Pages that an eager mapping
 * overlaps are allocated and counted as held; lazy pages are not counted.
 */
struct change_plan {
	struct extent pages; /* all pages that the range touches */
	struct mapping_tree maps_after;
	struct change_view before, after;
	struct window_sync sync;
	struct prot_none moves;
	struct extents wanted;	 /* to be allocated */
	struct extents released; /* held before, not after */
	struct extents fresh;	 /* no usable mapping overlaps them before */
	struct extents freed;	 /* no mapping needs their contents after */
	struct extents stale;	 /* bytes to be zeroed, in present pages */
	struct extents kept;	 /* kept bytes to be zeroed */
	struct extents wiped;	 /* bytes to be zeroed, maybe not present */
	struct mapping_spare spare;
	struct zeroing zero_stale, zero_kept;
};

/* Whether the change maps pages that are allocated at once. */
bool change_is_eager(const struct change *c);
/* Changes these mappings. Cannot fail, as the spare nodes are at hand. */
void change_apply(struct mapping_tree *maps, const struct change *c,
		  struct mapping_spare *spare);
/*
 * Fills in a plan whose tree was initialised and which is zero else. 0 or
 * -ENOMEM; the caller calls change_plan_free() in any case.
 */
int change_plan_make(struct region *region, const struct change *c,
		     struct change_plan *plan);
/*
 * Plans the zeroing of kept bytes, when prot_none_find() has found them all;
 * again for each attempt to take memory. 0 or -ENOMEM.
 */
int change_plan_kept(const struct change *c, struct change_plan *plan);
void change_plan_free(struct change_plan *plan);

#endif
