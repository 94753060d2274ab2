/* SPDX-License-Identifier: MIT */
/* Plans userfaultfd operations by comparing two states unit by unit. */
#include "mapping/protection_steps.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

static int add_step(struct protection_steps *steps, enum uffd_action action,
		    uint64_t start, uint64_t end)
{
	struct uffd_op *last = steps->n ? &steps->v[steps->n - 1] : NULL;
	struct uffd_op *v;

	if (last && last->end == start && last->action == action) {
		last->end = end;
		return 0;
	}
	v = array_grow(steps->v, steps->n, &steps->room, sizeof(*v));
	if (!v)
		return -ENOMEM;
	steps->v = v;
	steps->v[steps->n++] = (struct uffd_op){start, end, action};
	return 0;
}

void protection_steps_free(struct protection_steps *steps)
{
	free(steps->v);
	*steps = (struct protection_steps){0};
}

int protection_steps_protect(const struct protection *protection,
			     const struct extents *pages,
			     struct protection_steps *out)
{
	struct extents_cursor inside = {pages, 0};
	int err = 0;

	*out = (struct protection_steps){0};
	for (size_t i = 0; i < protection->n && !err; i++) {
		const struct protection_piece *p = &protection->v[i];
		uint64_t at = p->start, next;

		for (; at < p->end && !err; at = next) {
			next = p->end;
			if (extents_is_inside(&inside, at, &next) &&
			    p->mode & PAGE_PROTECTED)
				err = add_step(out, UFFD_PROTECT, at, next);
		}
	}
	if (err)
		protection_steps_free(out);
	return err;
}

/* A position in a list of pieces, and what the current unit needs. */
struct reader {
	const struct protection *list;
	uint32_t mask;	/* the mode bits that matter */
	size_t at;	/* the current piece */
	bool wp;	/* some page of the unit is protected and not open */
	size_t unit_at; /* the first piece of the unit */
};

static uint32_t mode_at(struct reader *r, uint64_t offset, uint64_t *next)
{
	while (r->list->v[r->at].end <= offset)
		r->at++;
	if (r->list->v[r->at].end < *next)
		*next = r->list->v[r->at].end;
	return r->list->v[r->at].mode & r->mask;
}

/* Called for each unit, in ascending order. */
static void enter_unit(struct reader *r, uint64_t start, uint64_t end)
{
	const struct protection *list = r->list;

	r->wp = false;
	while (list->v[r->unit_at].end <= start)
		r->unit_at++;
	for (size_t i = r->unit_at; i < list->n && list->v[i].start < end; i++)
		r->wp = r->wp || (list->v[i].mode & r->mask) == PAGE_PROTECTED;
}

/* How a piece is registered with the userfaultfd. */
static enum uffd_action guard_of(uint32_t mode, bool wp)
{
	if (mode & PAGE_OPEN)
		return mode & PAGE_PROTECTED ? UFFD_OPEN_WP : UFFD_OPEN;
	return wp ? UFFD_GUARD_WP : UFFD_GUARD;
}

/* A range in which neither state changes. */
struct transition {
	uint64_t start, end;
	uint32_t from, to; /* PAGE_* */
	enum uffd_action from_guard, to_guard;
};

/*
 * In this order no page is ever less protected than it is in both states: first
 * guards, then protection; what is removed comes last.
 */
enum pass {
	PASS_GUARD,
	PASS_PROTECT,
	PASS_UNPROTECT,
	PASS_OPEN,
	PASSES
};

static int add_transition(struct protection_steps *steps, enum pass pass,
			  const struct transition *c)
{
	bool open = c->to == PAGE_OPEN;
	bool guard = c->to_guard != c->from_guard && !open;
	bool protect = c->to & ~c->from & PAGE_PROTECTED;

	switch (pass) {
	case PASS_GUARD:
		if (!guard || (c->from_guard == UFFD_GUARD_WP &&
			       c->to_guard == UFFD_GUARD))
			break; /* the unit stays ready to be protected */
		return add_step(steps,
				/* UFFD_GUARD would drop the protection */
				c->from_guard == UFFD_OPEN_WP ? UFFD_GUARD_WP
							      : c->to_guard,
				c->start, c->end);
	case PASS_PROTECT:
		/* Registering the range as open drops the protection. */
		if (protect || (guard && c->to_guard == UFFD_OPEN_WP))
			return add_step(steps, UFFD_PROTECT, c->start, c->end);
		break;
	case PASS_UNPROTECT:
		if (c->from & ~c->to & PAGE_PROTECTED)
			return add_step(steps, UFFD_UNPROTECT, c->start,
					c->end);
		break;
	case PASS_OPEN:
		if (open && c->to_guard != c->from_guard)
			return add_step(steps, UFFD_OPEN, c->start, c->end);
		break;
	default:
		break;
	}
	return 0;
}

/*
 * The end of the unit that begins at this offset; or of the last one after it
 * that lies in the same pieces, and so is like it in every respect. Work
 * depends on the number of pieces then, not on the size of the region.
 */
static uint64_t like_units(struct reader *from, struct reader *to, uint64_t at,
			   uint64_t unit)
{
	uint64_t end = UINT64_MAX;

	mode_at(from, at, &end);
	mode_at(to, at, &end);
	end = end / unit * unit;
	return end > at ? end : at / unit * unit + unit;
}

/* Adds the steps of one pass over the whole range. */
static int plan_pass(struct reader from, struct reader to, uint64_t unit,
		     enum pass pass, struct protection_steps *steps)
{
	uint64_t at = from.list->v[0].start;
	uint64_t stop = from.list->v[from.list->n - 1].end;
	uint64_t unit_end = at;
	int err = 0;

	while (at < stop && !err) {
		struct transition c = {.start = at, .end = stop};

		if (at == unit_end) {
			unit_end = like_units(&from, &to, at, unit);
			enter_unit(&from, at, unit_end);
			enter_unit(&to, at, unit_end);
		}
		if (unit_end < c.end)
			c.end = unit_end;
		c.from = mode_at(&from, at, &c.end);
		c.to = mode_at(&to, at, &c.end);
		c.from_guard = guard_of(c.from, from.wp);
		c.to_guard = guard_of(c.to, to.wp);
		err = add_transition(steps, pass, &c);
		at = c.end;
	}
	return err;
}

int protection_steps_plan(const struct protection *from,
			  const struct protection *to, uint64_t unit,
			  uint32_t modes, struct protection_steps *out)
{
	struct reader a = {.list = from, .mask = modes};
	struct reader b = {.list = to, .mask = modes};
	int err = 0;

	*out = (struct protection_steps){0};
	if (!from->n || !to->n)
		return 0;
	for (enum pass pass = 0; pass < PASSES && !err; pass++)
		err = plan_pass(a, b, unit, pass, out);
	if (err)
		protection_steps_free(out);
	return err;
}
