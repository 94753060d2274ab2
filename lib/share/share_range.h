/* SPDX-License-Identifier: MIT */
/* What a range means for redirected memory. The caller holds the lock. */
#ifndef SHARE_RANGE_H
#define SHARE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "share/share_table.h"

/*
 * The range that the kernel can work on: whole huge pages where it begins or
 * ends in redirected memory, with the tail if it contains the end of a part.
 * A huge page at an edge in which the program has more than the range: the
 * range is without it, and cuts is set.
 */
struct edges {
	uintptr_t start, end; /* start >= end: nothing is left */
	bool cuts;
};

struct edges edges_of(uintptr_t start, uintptr_t end);

/* The first part of the range that begins with addr, and what it is. */
struct piece {
	uintptr_t end;
	bool ours;	   /* false: not redirected memory */
	struct part *part; /* NULL, if ours: the program has nothing there */
};

struct piece piece_at(uintptr_t addr, uintptr_t end);

#endif
