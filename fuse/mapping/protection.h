/* SPDX-License-Identifier: MIT */
/*
 * What the mappings of a region demand of its windows: which huge pages must
 * not be written, and which get memory when they are touched.
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

#define PAGE_OPEN 1U
#define PAGE_PROTECTED 2U

struct protection_piece {
	uint64_t start;
	uint64_t end;
	uint32_t mode; /* MODE_*; 0: as windows are when they are made */
};

/* Adjoining pieces, in order. */
struct protection {
	struct protection_piece *v;
	size_t n;
	size_t room;
};

/* Functions return 0 or -ENOMEM; on failure what they fill in is empty. */

/* The demands of these mappings on [start, end), which are whole pages. */
int protection_read(struct mapping_tree *maps, uint64_t page, uint64_t start,
		    uint64_t end, struct protection *out);
/* One piece: as windows are when they are made. */
int protection_plain(uint64_t start, uint64_t end, struct protection *out);
/* What list says of [start, end). */
int protection_part(const struct protection *list, uint64_t start, uint64_t end,
		    struct protection *out);
/* under, but for the pieces of over (which lie inside). */
int protection_overlay(const struct protection *under,
		       const struct protection *over, struct protection *out);
/* Of the same pages: open as in after, protected as in before or in after. */
int protection_tighten(const struct protection *before,
		       const struct protection *after, struct protection *out);
/*
 * The same, but not open: pages that come back, and those that are freed and
 * protected (freeing can make a window forget that they are).
 */
int protection_close(const struct protection *protection,
		     const struct extents *back, const struct extents *freed,
		     struct protection *out);
void protection_free(struct protection *protection);

#endif
