/* SPDX-License-Identifier: MIT */
/* Lists of byte ranges of a region, and set operations on them. */
#ifndef EXTENTS_H
#define EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes from the start of the region; the end is exclusive. */
struct extent {
	uint64_t start;
	uint64_t end;
};

/* [start, end), extended to whole units. */
static inline struct extent extent_rounded(uint64_t start, uint64_t end,
					   uint64_t unit)
{
	return (struct extent){start / unit * unit,
			       (end + unit - 1) / unit * unit};
}

/* Sorted, without overlap. */
struct extents {
	struct extent *v;
	size_t n;
	size_t room;
};

/*
 * Appends [start, end), which must not begin before the end of the list. An
 * empty range adds nothing. 0 or -ENOMEM.
 */
int extents_add(struct extents *list, uint64_t start, uint64_t end);
void extents_free(struct extents *list);
uint64_t extents_bytes(const struct extents *list);

/* Intersection; a without b; union. 0, or -ENOMEM and an empty list. */
int extents_and(const struct extents *a, const struct extents *b,
		struct extents *out);
int extents_minus(const struct extents *a, const struct extents *b,
		  struct extents *out);
int extents_or(const struct extents *a, const struct extents *b,
	       struct extents *out);

/* A position in a list, to read several lists side by side. */
struct extents_cursor {
	const struct extents *list;
	size_t at;
};

/*
 * Whether offset lies in the list. If the answer changes before *next, *next
 * becomes the offset where it does. A cursor only moves forwards: offsets must
 * not decrease from call to call.
 */
bool extents_is_inside(struct extents_cursor *c, uint64_t offset,
		       uint64_t *next);

#endif
