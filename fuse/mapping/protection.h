/* SPDX-License-Identifier: MIT */
/*
 * What the mappings of a region demand of its windows: which huge pages must
 * not be written, and which get memory when they are touched. And the steps
 * that bring a window from one such state to another.
 *
 * Pages are the backing's. A huge page is protected if mappings overlap it and
 * none of them may be written (one that is kept is, too, for as long as it is
 * moved); it is open if a lazy mapping overlaps it and no
 * other one keeps it present.
 */
#ifndef PROTECTION_H
#define PROTECTION_H

#include <stddef.h>
#include <stdint.h>

#include "mapping/mapping.h"
#include "common/uffd.h"

#define MODE_OPEN 1U
#define MODE_PROTECTED 2U

struct mode_piece {
	uint64_t start;
	uint64_t end;
	uint32_t mode; /* MODE_*; 0: as windows are when they are made */
};

/* Adjoining pieces, in order. */
struct modes {
	struct mode_piece *v;
	size_t n;
	size_t room;
};

/* Functions return 0 or -ENOMEM; on failure what they fill in is empty. */

/* The demands of these mappings on [start, end), which are whole pages. */
int modes_read(struct mapping_tree *maps, uint64_t page, uint64_t start,
	       uint64_t end, struct modes *out);
/* One piece: as windows are when they are made. */
int modes_plain(uint64_t start, uint64_t end, struct modes *out);
/* What list says of [start, end). */
int modes_part(const struct modes *list, uint64_t start, uint64_t end,
	       struct modes *out);
/* under, but for the pieces of over (which lie inside). */
int modes_overlay(const struct modes *under, const struct modes *over,
		  struct modes *out);
/* Of the same pages: open as in after, protected as in before or in after. */
int modes_tighten(const struct modes *before, const struct modes *after,
		  struct modes *out);
/*
 * The same, but not open: pages that come back, and those that are freed and
 * protected (freeing can make a window forget that they are).
 */
int modes_close(const struct modes *modes, const struct extents *back,
		const struct extents *freed, struct modes *out);
void modes_free(struct modes *modes);

struct steps {
	struct uffd_op *v;
	size_t n;
	size_t room;
};

/*
 * From one state of the same whole sharing units to another. Protecting takes
 * shared page tables away from the units it concerns, so it is done only to
 * windows that could be written otherwise (can_write).
 *
 * In a window that stays a unit remains ready to be protected (its page tables
 * would not become shared again anyway); in a new one it is not.
 */
int steps_plan(const struct modes *from, const struct modes *to, uint64_t unit,
	       bool can_write, struct steps *out);
/* Protects again what of these pages modes protects. */
int steps_protect(const struct modes *modes, const struct extents *pages,
		  struct steps *out);
void steps_free(struct steps *steps);

#endif
