/* SPDX-License-Identifier: MIT */
/*
 * Tests what mappings demand of windows and the steps that get there: random
 * mappings, against a model of what the kernel knows about each page of a
 * window.
 */
#include "mapping/protection_steps.h"
#include "harness/harness.h"

#include <string.h>
#include <sys/mman.h>

#include "mapping/protection.h"

#define PAGE 4	     /* units of a mapping in a page of the backing */
#define UNIT_PAGES 8 /* pages in a unit of sharing */
#define PAGES (4 * UNIT_PAGES)
#define END ((uint64_t)PAGES * PAGE)
#define UNIT ((uint64_t)UNIT_PAGES * PAGE)
#define LAZY MAPPING_LAZY
#define RW (PROT_READ | PROT_WRITE)
#define BOTH (PAGE_OPEN | PAGE_PROTECTED)

static struct mapping_tree maps;

static void map(uint64_t start, uint64_t end, uint32_t prot)
{
	struct mapping_spare spare;

	CU_ASSERT_FATAL(!mapping_spare_get(&spare));
	mapping_insert(&maps, start, end, prot, &spare);
	mapping_spare_free(&spare);
}

static void unmap(uint64_t start, uint64_t end)
{
	struct mapping_spare spare;

	CU_ASSERT_FATAL(!mapping_spare_get(&spare));
	mapping_remove(&maps, start, end, &spare);
	mapping_spare_free(&spare);
}

/* Computes the mode page by page, as the header defines it. */
static uint32_t expected_mode(uint64_t page)
{
	bool usable = false, writable = false, eager = false, lazy = false;

	for (uint64_t at = page * PAGE; at < (page + 1) * PAGE; at++) {
		struct mapping *m = mapping_find(&maps, at);
		uint32_t prot;

		if (!m || m->start > at)
			continue;
		prot = m->prot;
		if (!(prot & (RW | PROT_EXEC)))
			continue;
		usable = true;
		writable = writable || prot & PROT_WRITE;
		lazy = lazy || prot & LAZY;
		eager = eager || !(prot & LAZY);
	}
	return (usable && !writable ? PAGE_PROTECTED : 0) |
	       (lazy && !eager ? PAGE_OPEN : 0);
}

static uint32_t mode_at(const struct protection *modes, uint64_t at)
{
	for (size_t i = 0; i < modes->n; i++)
		if (at >= modes->v[i].start && at < modes->v[i].end)
			return modes->v[i].mode;
	return UINT32_MAX;
}

static bool adjoin(const struct protection *modes, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < modes->n; i++) {
		if (modes->v[i].start != start ||
		    modes->v[i].end <= modes->v[i].start)
			return false;
		if (i && modes->v[i].mode == modes->v[i - 1].mode)
			return false;
		start = modes->v[i].end;
	}
	return start == end;
}

static void read_is_right(void)
{
	struct protection modes;

	CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, END, &modes));
	CU_ASSERT(adjoin(&modes, 0, END));
	for (uint64_t page = 0; page < PAGES; page++)
		CU_ASSERT(mode_at(&modes, page * PAGE) == expected_mode(page));
	protection_free(&modes);
}

static void each_kind(void)
{
	mapping_tree_init(&maps);
	read_is_right();
	map(0, PAGE, RW);
	map(PAGE, 2 * PAGE, PROT_READ);
	map(2 * PAGE, 3 * PAGE, PROT_NONE);
	map(3 * PAGE, 4 * PAGE, RW | LAZY);
	map(4 * PAGE, 5 * PAGE, PROT_READ | LAZY);
	map(5 * PAGE, 6 * PAGE, PROT_NONE | LAZY);
	map(6 * PAGE, 7 * PAGE, PROT_EXEC);
	read_is_right();
	CU_ASSERT(expected_mode(1) == PAGE_PROTECTED);
	CU_ASSERT(expected_mode(3) == PAGE_OPEN);
	CU_ASSERT(expected_mode(4) == (PAGE_OPEN | PAGE_PROTECTED));
	mapping_tree_free(&maps);
}

/* Pages with several mappings in them. */
static void shared_pages(void)
{
	mapping_tree_init(&maps);
	map(0, 1, PROT_READ);
	map(1, 2, RW);
	map(PAGE, PAGE + 1, PROT_READ | LAZY);
	map(PAGE + 1, PAGE + 2, PROT_READ);
	map(2 * PAGE, 2 * PAGE + 1, PROT_NONE);
	map(2 * PAGE + 1, 2 * PAGE + 2, PROT_READ);
	read_is_right();
	CU_ASSERT(expected_mode(0) == 0);
	CU_ASSERT(expected_mode(1) == PAGE_PROTECTED);
	CU_ASSERT(expected_mode(2) == PAGE_PROTECTED);
	mapping_tree_free(&maps);
}

static void overlays(void)
{
	struct protection_piece a[] = {{0, 8, 0}, {8, 16, 1}, {16, 32, 2}};
	struct protection_piece b[] = {{4, 8, 3}, {8, 20, 0}};
	const struct protection under = {.v = a, .n = 3},
				over = {.v = b, .n = 2};
	const struct protection none = {0};
	struct protection out;

	CU_ASSERT_FATAL(!protection_overlay(&under, &over, &out));
	CU_ASSERT(adjoin(&out, 0, 32));
	for (uint64_t at = 0; at < 32; at++)
		CU_ASSERT(mode_at(&out, at) ==
			  mode_at(at >= 4 && at < 20 ? &over : &under, at));
	protection_free(&out);
	CU_ASSERT_FATAL(!protection_overlay(&none, &over, &out));
	CU_ASSERT(adjoin(&out, 4, 20) && mode_at(&out, 5) == 3);
	protection_free(&out);
	CU_ASSERT_FATAL(!protection_overlay(&under, &none, &out));
	CU_ASSERT(adjoin(&out, 0, 32) && mode_at(&out, 17) == 2);
	protection_free(&out);
}

/* A page of a window, as the kernel tracks it. */
struct page {
	bool missing; /* registered for MISSING */
	bool wp;      /* registered for write-protection */
	bool protected;
};

struct model {
	struct page v[PAGES];
	bool wrong; /* the kernel would have refused a step */
};

static void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < PAGES; i++)
		m->v[i].missing = true;
}

/* UFFDIO_REGISTER removes no mode when all it asks for is already set. */
static void do_register(struct page *p, bool missing, bool wp)
{
	if (p->missing >= missing && p->wp >= wp)
		return;
	p->missing = missing;
	p->wp = wp;
}

static void do_step(struct model *m, const struct uffd_op *op)
{
	m->wrong = m->wrong || op->start % PAGE || op->end % PAGE ||
		   op->start >= op->end || op->end > END;
	for (uint64_t i = op->start / PAGE; i < op->end / PAGE && !m->wrong;
	     i++) {
		struct page *p = &m->v[i];

		switch (op->action) {
		case UFFD_OPEN:
		case UFFD_OPEN_WP:
			*p = (struct page){.wp = op->action == UFFD_OPEN_WP};
			break;
		case UFFD_GUARD:
			do_register(p, true, false);
			break;
		case UFFD_GUARD_WP:
			do_register(p, true, true);
			break;
		case UFFD_PROTECT:
			m->wrong = m->wrong || !p->wp;
			p->protected = true;
			break;
		case UFFD_UNPROTECT:
			m->wrong = m->wrong || !p->wp;
			p->protected = false;
			break;
		default:
			m->wrong = true;
		}
		/*
		 * Protection is lost where a step drops the registration for
		 * it.
		 */
		m->wrong = m->wrong || (p->protected && !p->wp);
	}
}

static void take(struct model *m, const struct protection *from,
		 const struct protection *to, bool can_write)
{
	const uint32_t modes = can_write ? BOTH : PAGE_OPEN;
	struct protection_steps steps;

	CU_ASSERT_FATAL(!protection_steps_plan(from, to, UNIT, modes, &steps));
	for (size_t i = 0; i < steps.n; i++)
		do_step(m, &steps.v[i]);
	protection_steps_free(&steps);
}

static bool is_like(const struct model *m, const struct protection *modes,
		    bool can_write)
{
	for (uint64_t i = 0; i < PAGES; i++) {
		uint32_t mode = mode_at(modes, i * PAGE);

		if (m->v[i].missing != !(mode & PAGE_OPEN))
			return false;
		if (m->v[i].protected != (can_write && mode & PAGE_PROTECTED))
			return false;
	}
	return !m->wrong;
}

/*
 * Returns whether a new window would share the tables of all units without
 * protection.
 */
static bool is_plain_where_it_can(const struct model *m,
				  const struct protection *modes)
{
	for (uint64_t u = 0; u < PAGES; u += UNIT_PAGES) {
		bool protected = false;

		for (uint64_t i = u; i < u + UNIT_PAGES; i++)
		protected =
			protected || mode_at(modes, i * PAGE) & PAGE_PROTECTED;
		for (uint64_t i = u; i < u + UNIT_PAGES; i++)
			if (m->v[i].wp && !protected)
				return false;
	}
	return true;
}

static uint32_t random_state;

static uint32_t any(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void change_something(void)
{
	static const uint32_t prots[] = {
		RW,	   PROT_READ,	     RW | LAZY, PROT_READ | LAZY,
		PROT_NONE, PROT_READ | LAZY, RW,	RW | LAZY,
	};
	uint64_t a = any(END), b = any(END + 1);

	if (any(2)) { /* whole pages */
		a -= a % PAGE;
		b -= b % PAGE;
	}
	if (a == b)
		return;
	if (any(3))
		map(a < b ? a : b, a < b ? b : a, prots[any(8)]);
	else
		unmap(a < b ? a : b, a < b ? b : a);
}

/* Existing windows, taken through two steps a change, as window_sync.c does. */
static void random_changes(void)
{
	struct protection before, during, after, plain;
	struct model writer, reader, fresh;

	mapping_tree_init(&maps);
	model_init(&writer);
	model_init(&reader);
	random_state = 4711;
	CU_ASSERT_FATAL(!protection_plain(0, END, &plain));
	CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, END, &before));
	for (int i = 0; i < 3000; i++) {
		change_something();
		read_is_right();
		CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, END, &after));
		CU_ASSERT_FATAL(!protection_tighten(&before, &after, &during));
		take(&writer, &before, &during, true);
		CU_ASSERT(is_like(&writer, &during, true));
		if (i % 7 == 0) { /* the change failed and is undone */
			take(&writer, &during, &before, true);
			CU_ASSERT(is_like(&writer, &before, true));
			take(&writer, &before, &during, true);
		}
		take(&writer, &during, &after, true);
		CU_ASSERT(is_like(&writer, &after, true));
		take(&reader, &before, &during, false);
		take(&reader, &during, &after, false);
		CU_ASSERT(is_like(&reader, &after, false));
		model_init(&fresh);
		take(&fresh, &plain, &after, true);
		CU_ASSERT(is_like(&fresh, &after, true));
		CU_ASSERT(is_plain_where_it_can(&fresh, &after));
		protection_free(&before);
		protection_free(&during);
		before = after;
	}
	protection_free(&before);
	protection_free(&plain);
	mapping_tree_free(&maps);
}

/*
 * Planning takes as long as there are pieces: going from unit to unit would
 * take hours here.
 */
static void many_units(void)
{
	const uint64_t end = 1ULL << 60;
	struct protection plain, modes;
	struct protection_steps steps;

	mapping_tree_init(&maps);
	CU_ASSERT_FATAL(!protection_plain(0, end, &plain));
	map(0, end, PROT_READ);
	map(end / 2 + PAGE, end / 2 + 2 * PAGE, RW);
	CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, end, &modes));
	CU_ASSERT(!protection_steps_plan(&plain, &modes, UNIT, BOTH, &steps));
	CU_ASSERT(steps.n == 3 && steps.v[0].action == UFFD_GUARD_WP &&
		  !steps.v[0].start && steps.v[0].end == end &&
		  steps.v[1].action == UFFD_PROTECT &&
		  steps.v[1].end == end / 2 + PAGE && steps.v[2].end == end);
	protection_steps_free(&steps);
	protection_free(&modes);
	protection_free(&plain);
	mapping_tree_free(&maps);
}

static void steps_are_few(void)
{
	struct protection plain, modes;
	struct protection_steps steps;

	mapping_tree_init(&maps);
	CU_ASSERT_FATAL(!protection_plain(0, END, &plain));
	/* Ordinary mappings need no step. */
	map(0, END, RW);
	CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, END, &modes));
	CU_ASSERT(!protection_steps_plan(&plain, &modes, UNIT, BOTH, &steps));
	CU_ASSERT(steps.n == 0);
	protection_free(&modes);
	/* A whole lazy region takes one step, a protected page two. */
	map(0, END, RW | LAZY);
	CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, END, &modes));
	CU_ASSERT(!protection_steps_plan(&plain, &modes, UNIT, BOTH, &steps));
	CU_ASSERT(steps.n == 1 && steps.v[0].end == END);
	protection_steps_free(&steps);
	/* A window out of reach stays guarded: nobody could close it again. */
	CU_ASSERT(!protection_steps_plan(&plain, &modes, UNIT, PAGE_PROTECTED,
					 &steps));
	CU_ASSERT(steps.n == 0);
	protection_steps_free(&steps);
	protection_free(&modes);
	map(0, END, RW);
	map(UNIT + PAGE, UNIT + 2 * PAGE, PROT_READ);
	CU_ASSERT_FATAL(!protection_read(&maps, PAGE, 0, END, &modes));
	CU_ASSERT(!protection_steps_plan(&plain, &modes, UNIT, BOTH, &steps));
	CU_ASSERT(steps.n == 2);
	CU_ASSERT(steps.n == 2 && steps.v[0].action == UFFD_GUARD_WP &&
		  steps.v[0].start == UNIT && steps.v[0].end == 2 * UNIT &&
		  steps.v[1].action == UFFD_PROTECT &&
		  steps.v[1].start == UNIT + PAGE);
	protection_steps_free(&steps);
	/* A window that cannot write anyway needs none. */
	CU_ASSERT(!protection_steps_plan(&plain, &modes, UNIT, PAGE_OPEN,
					 &steps));
	CU_ASSERT(steps.n == 0);
	protection_steps_free(&steps);
	protection_free(&modes);
	protection_free(&plain);
	mapping_tree_free(&maps);
}

static const struct test tests[] = {
	{"each kind of mapping", each_kind},
	{"pages with several mappings", shared_pages},
	{"overlays", overlays},
	{"random changes", random_changes},
	{"steps are few", steps_are_few},
	{"many units", many_units},
};

int main(void)
{
	return run_tests("unit_protection", tests, N_TESTS(tests));
}
