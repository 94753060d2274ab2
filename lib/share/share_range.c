/* SPDX-License-Identifier: MIT */
/* Rounds ranges to huge pages, and divides them at the ends of parts. */
#include "share/share_range.h"

static uintptr_t min(uintptr_t a, uintptr_t b)
{
	return a < b ? a : b;
}

/* Whether the kernel has redirected memory just below and at addr. */
static struct part *around(uintptr_t addr)
{
	struct part *p = share_table_at(share_table_find(addr));

	return p && cover_start(p) < addr ? p : NULL;
}

static void set_start(struct edges *e, uintptr_t start)
{
	const struct part *p = around(start);

	if (!p)
		return;
	if (start >= round_up(p->end, share_huge)) /* in its tail */
		e->start = round_up(p->end, share_huge);
	else if (share_table_has(round_down(start, share_huge), start))
		e->start = round_up(start, share_huge);
	else
		e->start = round_down(start, share_huge);
	e->cuts |= e->start > start;
}

static void set_end(struct edges *e, uintptr_t end)
{
	size_t i = share_table_find(end);
	const struct part *p = share_table_at(i), *next;

	/* The last part that has a share in the huge page. */
	while (p && (next = share_table_at(i + 1)) && cover_start(next) < end) {
		p = next;
		i++;
	}
	if (!p || cover_start(p) >= end || cover_end(p) <= end)
		return;
	if (share_table_has(end, round_up(end, share_huge))) {
		e->end = round_down(end, share_huge);
		e->cuts |= e->end < end;
	} else if (end >= p->end) {
		e->end = cover_end(p);
	} else {
		e->end = round_up(end, share_huge);
	}
}

struct edges edges_of(uintptr_t start, uintptr_t end)
{
	struct edges e = {start, end, false};

	set_start(&e, start);
	set_end(&e, end);
	return e;
}

struct piece piece_at(uintptr_t addr, uintptr_t end)
{
	size_t i = share_table_find(addr);
	struct part *p = share_table_at(i), *next;

	while (p && p->end <= addr && (next = share_table_at(i + 1)) &&
	       cover_start(next) <= addr) {
		p = next;
		i++;
	}
	if (!p || cover_start(p) > addr)
		return (struct piece){
			.end = p ? min(end, cover_start(p)) : end,
		};
	if (addr < p->start)
		return (struct piece){min(end, p->start), true, NULL};
	if (addr < p->end)
		return (struct piece){min(end, p->end), true, p};
	next = share_table_at(i + 1);
	end = min(end, cover_end(p));
	return (struct piece){next ? min(end, next->start) : end, true, NULL};
}
