/* SPDX-License-Identifier: MIT */
/*
 * What the mappings of a region demand of its windows: which huge pages must
 * not be written, and which get memory when they are touched.
 *
 * Pages have the page size of the backing. A huge page is protected if mappings
 * overlap it and none of them may be written; kept mappings count as well, so
 * that nobody writes to their pages while they are moved. It is open if a lazy
 * mapping overlaps it and no eager one.
 */
#ifndef PROTECTION_H
#define PROTECTION_H

#include <stddef.h>
#include <stdint.h>

#include "mapping/mapping.h"

#define PAGE_OPEN 1U	  /* gets memory when it is touched */
#define PAGE_PROTECTED 2U /* must not be written */

struct protection_piece {
	uint64_t start;
	uint64_t end;
	uint32_t mode; /* PAGE_*; 0: as in a new window */
};

/* Sorted pieces without gaps between them. */
struct protection {
	struct protection_piece *v;
	size_t n;
	size_t room;
};

/* All functions return 0, or -ENOMEM and *out is empty. */

/* What these mappings demand of [start, end), which is whole pages. */
int protection_read(struct mapping_tree *maps, uint64_t page, uint64_t start,
		    uint64_t end, struct protection *out);
/* One piece: as in a new window. */
int protection_plain(uint64_t start, uint64_t end, struct protection *out);
/* The part of list in [start, end). */
int protection_part(const struct protection *list, uint64_t start, uint64_t end,
		    struct protection *out);
/* under, with its pages replaced by those of over, which lie inside it. */
int protection_overlay(const struct protection *under,
		       const struct protection *over, struct protection *out);
/*
 * Combines two states of the same pages: open as in after, protected as in
 * either.
 */
int protection_tighten(const struct protection *before,
		       const struct protection *after, struct protection *out);
/*
 * The same protection, but not open where pages are moved back, or are freed
 * and protected: freeing a page can make a window lose its protection.
 */
int protection_close(const struct protection *protection,
		     const struct extents *back, const struct extents *freed,
		     struct protection *out);
void protection_free(struct protection *protection);

#endif
