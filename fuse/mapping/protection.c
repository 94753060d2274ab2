/* SPDX-License-Identifier: MIT */
#include "mapping/protection.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

static int add_piece(struct protection *list, uint64_t start, uint64_t end,
		     uint32_t mode)
{
	struct protection_piece *last = list->n ? &list->v[list->n - 1] : NULL;
	struct protection_piece *v;

	if (start >= end)
		return 0;
	if (last && last->end == start && last->mode == mode) {
		last->end = end;
		return 0;
	}
	v = array_grow(list->v, list->n, &list->room, sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	list->v[list->n++] = (struct protection_piece){start, end, mode};
	return 0;
}

void protection_free(struct protection *protection)
{
	free(protection->v);
	*protection = (struct protection){0};
}

static int finish(struct protection *list, int err)
{
	if (err)
		protection_free(list);
	return err;
}

enum {
	USABLE,
	WRITABLE,
	EAGER,
	LAZY,
	KEPT,
	CURSORS
};

static int walk(struct extents_cursor c[CURSORS], uint64_t start, uint64_t end,
		struct protection *out)
{
	int err = 0;

	while (start < end && !err) {
		uint64_t next = end;
		bool usable = extents_is_inside(&c[USABLE], start, &next);
		bool writable = extents_is_inside(&c[WRITABLE], start, &next);
		bool eager = extents_is_inside(&c[EAGER], start, &next);
		bool lazy = extents_is_inside(&c[LAZY], start, &next);
		bool kept = extents_is_inside(&c[KEPT], start, &next);

		err = add_piece(
			out, start, next,
			((usable || kept) && !writable ? PAGE_PROTECTED : 0) |
				(lazy && !eager ? PAGE_OPEN : 0));
		start = next;
	}
	return err;
}

int protection_read(struct mapping_tree *maps, uint64_t page, uint64_t start,
		    uint64_t end, struct protection *out)
{
	static const enum mapping_class class[CURSORS] = {
		[USABLE] = MAPPINGS_USABLE, [WRITABLE] = MAPPINGS_WRITABLE,
		[EAGER] = MAPPINGS_EAGER,   [LAZY] = MAPPINGS_LAZY,
		[KEPT] = MAPPINGS_KEPT,
	};
	struct extents list[CURSORS] = {0};
	struct extents_cursor c[CURSORS];
	int err = 0;

	*out = (struct protection){0};
	for (int i = 0; i < CURSORS && !err; i++) {
		err = mapping_pages(maps, page, start, end, class[i], true,
				    &list[i]);
		c[i] = (struct extents_cursor){&list[i], 0};
	}
	if (!err)
		err = walk(c, start, end, out);
	for (int i = 0; i < CURSORS; i++)
		extents_free(&list[i]);
	return finish(out, err);
}

static int add_closed(struct protection *out, const struct protection_piece *p,
		      struct extents_cursor *back, struct extents_cursor *freed)
{
	uint64_t at = p->start, next;
	int err = 0;

	for (; at < p->end && !err; at = next) {
		bool is_back, is_freed;

		next = p->end;
		is_back = extents_is_inside(back, at, &next);
		is_freed = extents_is_inside(freed, at, &next);
		err = add_piece(
			out, at, next,
			is_back || (is_freed && p->mode & PAGE_PROTECTED)
				? p->mode & ~PAGE_OPEN
				: p->mode);
	}
	return err;
}

int protection_close(const struct protection *protection,
		     const struct extents *back, const struct extents *freed,
		     struct protection *out)
{
	struct extents_cursor b = {back, 0}, f = {freed, 0};
	int err = 0;

	*out = (struct protection){0};
	for (size_t i = 0; i < protection->n && !err; i++)
		err = add_closed(out, &protection->v[i], &b, &f);
	return finish(out, err);
}

int protection_plain(uint64_t start, uint64_t end, struct protection *out)
{
	*out = (struct protection){0};
	return add_piece(out, start, end, 0);
}

/* The part of list that lies in [start, end). */
static int add_part(struct protection *out, const struct protection *list,
		    uint64_t start, uint64_t end)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++) {
		const struct protection_piece *p = &list->v[i];
		uint64_t from = p->start > start ? p->start : start;
		uint64_t to = p->end < end ? p->end : end;

		err = add_piece(out, from, to, p->mode);
	}
	return err;
}

int protection_part(const struct protection *list, uint64_t start, uint64_t end,
		    struct protection *out)
{
	*out = (struct protection){0};
	return finish(out, add_part(out, list, start, end));
}

int protection_overlay(const struct protection *under,
		       const struct protection *over, struct protection *out)
{
	uint64_t start = over->n ? over->v[0].start : 0;
	uint64_t end = over->n ? over->v[over->n - 1].end : 0;
	int err;

	*out = (struct protection){0};
	err = add_part(out, under, 0, start);
	if (!err)
		err = add_part(out, over, start, end);
	if (!err)
		err = add_part(out, under, end, UINT64_MAX);
	return finish(out, err);
}

int protection_tighten(const struct protection *before,
		       const struct protection *after, struct protection *out)
{
	size_t i = 0, j = 0;
	int err = 0;

	*out = (struct protection){0};
	while (i < before->n && j < after->n && !err) {
		const struct protection_piece *a = &before->v[i],
					      *b = &after->v[j];
		uint64_t start = a->start > b->start ? a->start : b->start;
		uint64_t end = a->end < b->end ? a->end : b->end;

		err = add_piece(out, start, end,
				(b->mode & PAGE_OPEN) |
					((a->mode | b->mode) & PAGE_PROTECTED));
		i += a->end == end;
		j += b->end == end;
	}
	return finish(out, err);
}
