/* SPDX-License-Identifier: MIT */
#include "base/extents.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

int extents_add(struct extents *list, uint64_t start, uint64_t end)
{
	struct extent *v;

	if (start >= end)
		return 0;
	if (list->n && list->v[list->n - 1].end == start) {
		list->v[list->n - 1].end = end;
		return 0;
	}
	v = array_grow(list->v, list->n, &list->room, sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	list->v[list->n++] = (struct extent){.start = start, .end = end};
	return 0;
}

void extents_free(struct extents *list)
{
	free(list->v);
	*list = (struct extents){0};
}

uint64_t extents_bytes(const struct extents *list)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < list->n; i++)
		sum += list->v[i].end - list->v[i].start;
	return sum;
}

bool extents_is_inside(struct extents_cursor *c, uint64_t offset,
		       uint64_t *next)
{
	const struct extent *e;

	while (c->at < c->list->n && c->list->v[c->at].end <= offset)
		c->at++;
	if (c->at == c->list->n)
		return false;
	e = &c->list->v[c->at];
	if (e->start > offset) {
		if (e->start < *next)
			*next = e->start;
		return false;
	}
	if (e->end < *next)
		*next = e->end;
	return true;
}

enum both {
	AND,
	MINUS,
	OR
};

static int combine(const struct extents *a, const struct extents *b,
		   enum both how, struct extents *out)
{
	struct extents_cursor x = {a, 0}, y = {b, 0};
	uint64_t at = 0, next;
	int err = 0;

	*out = (struct extents){0};
	for (; at < UINT64_MAX && !err; at = next) {
		bool in_a, in_b;

		next = UINT64_MAX;
		in_a = extents_is_inside(&x, at, &next);
		in_b = extents_is_inside(&y, at, &next);
		if (how == AND	   ? in_a && in_b
		    : how == MINUS ? in_a && !in_b
				   : in_a || in_b)
			err = extents_add(out, at, next);
	}
	if (err)
		extents_free(out);
	return err;
}

int extents_and(const struct extents *a, const struct extents *b,
		struct extents *out)
{
	return combine(a, b, AND, out);
}

int extents_minus(const struct extents *a, const struct extents *b,
		  struct extents *out)
{
	return combine(a, b, MINUS, out);
}

int extents_or(const struct extents *a, const struct extents *b,
	       struct extents *out)
{
	return combine(a, b, OR, out);
}
