/* SPDX-License-Identifier: MIT */
/* Computes the cost of page tables. */
#include "plan.h"

#include <errno.h>
#include <stdbool.h>

#define ENTRY sizeof(uint64_t)

/*
 * Levels of tables that are counted. Every process has the one above them
 * anyway, and it takes one page whatever is mapped.
 */
#define LEVELS 3U

/* The level of tables that are shared: its entries map huge pages. */
#define SHARED_LEVEL 2U

/*
 * The bytes that one table of this level maps; level 0 is a page. 0: too many
 * to count.
 */
static uint64_t span(uint64_t page, unsigned int level)
{
	uint64_t bytes = page;

	while (level--)
		if (__builtin_mul_overflow(bytes, page / ENTRY, &bytes))
			return 0;
	return bytes;
}

static uint64_t pieces(uint64_t size, uint64_t of)
{
	if (!of)
		return 1; /* larger than any size */
	return size / of + (size % of != 0);
}

static uint64_t tables(const struct plan_ask *ask, unsigned int level)
{
	return pieces(ask->size, span(ask->page, level)) * ask->page;
}

static bool is_valid(const struct plan_ask *ask)
{
	return ask->size && ask->procs && ask->procs <= PLAN_PROCS_MAX &&
	       ask->page >= 4096 && !(ask->page & (ask->page - 1));
}

/* The level of the pages of a kind: just below its lowest tables. */
static unsigned int page_level(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_BASE:
		return 0;
	case PLAN_GIANT:
		return 2;
	default:
		return 1;
	}
}

int plan_cost(const struct plan_ask *ask, enum plan_kind kind,
	      struct plan_cost *cost)
{
	unsigned int low = page_level(kind) + 1;
	struct plan_cost c = {0};

	if (!is_valid(ask))
		return -EINVAL;
	c.page = span(ask->page, low - 1);
	for (unsigned int level = low; level <= LEVELS; level++) {
		if (kind == PLAN_SHARED && level == SHARED_LEVEL)
			c.once += tables(ask, level);
		else
			c.each += tables(ask, level);
	}
	/* The daemon maps the memory too, so that shared tables persist. */
	if (kind == PLAN_SHARED)
		c.once += c.each;
	c.entries = pieces(ask->size, c.page) * ENTRY;
	if (__builtin_mul_overflow(c.each, ask->procs, &c.all) ||
	    __builtin_add_overflow(c.all, c.once, &c.all))
		return -ERANGE;
	if (kind != PLAN_SHARED)
		c.entries *=
			ask->procs; /* cannot overflow: it is less than c.all */
	*cost = c;
	return 0;
}

uint64_t plan_huge_pages(const struct plan_ask *ask)
{
	return pieces(ask->size, span(ask->page, 1));
}
