/* SPDX-License-Identifier: MIT */
/* Pieces of a region, and what can be done with lists of them. */
#ifndef EXTENTS_H
#define EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In bytes from the beginning of the region; the end is exclusive. */
struct extent {
	uint64_t start;
	uint64_t end;
};

/* The least one of whole units that holds [start, end). */
static inline struct extent extent_rounded(uint64_t start, uint64_t end,
					   uint64_t unit)
{
	return (struct extent){start / unit * unit,
			       (end + unit - 1) / unit * unit};
}

/* In order and without overlap. */
struct extents {
	struct extent *v;
	size_t n;
	size_t room;
};

/* Behind all others. Nothing to add is fine. 0 or -ENOMEM. */
int extents_add(struct extents *list, uint64_t start, uint64_t end);
void extents_free(struct extents *list);
uint64_t extents_bytes(const struct extents *list);

/* What is in both; in a, but not in b; in any. 0, or -ENOMEM and an empty list.
 */
int extents_and(const struct extents *a, const struct extents *b,
		struct extents *out);
int extents_minus(const struct extents *a, const struct extents *b,
		  struct extents *out);
int extents_or(const struct extents *a, const struct extents *b,
	       struct extents *out);

/* A list that is walked through, beside others. */
struct extents_cursor {
	const struct extents *list;
	size_t at;
};

/* Whether offset is inside; *next becomes no later than where that changes. */
bool extents_is_inside(struct extents_cursor *c, uint64_t offset,
		       uint64_t *next);

#endif
