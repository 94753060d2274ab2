/* SPDX-License-Identifier: MIT */
/*
 * Tests the page table arithmetic: against hand-made figures, and a table walk.
 */
#include "harness/harness.h"

#include <errno.h>
#include <string.h>

#include "plan.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

static struct plan_cost cost_of(uint64_t size, uint64_t procs,
				enum plan_kind kind)
{
	const struct plan_ask ask = {size, procs, 4096};
	struct plan_cost c = {0};

	CU_ASSERT(!plan_cost(&ask, kind, &c));
	return c;
}

/* Fails, and must leave the result untouched. */
static int error_of(uint64_t size, uint64_t procs, uint64_t page)
{
	const struct plan_ask ask = {size, procs, page};
	struct plan_cost c, before;
	int err;

	memset(&c, 0x5a, sizeof(c));
	before = c;
	err = plan_cost(&ask, PLAN_BASE, &c);
	CU_ASSERT(!memcmp(&c, &before, sizeof(c)));
	return err;
}

/* doc/interface.md, section 10: 300 GiB and 1500 processes need 878 GiB. */
static void test_the_number(void)
{
	struct plan_cost c = cost_of(300 * GIB, 1500, PLAN_BASE);

	CU_ASSERT(c.entries == 300 * GIB / 4096 * 8 * 1500);
	CU_ASSERT(c.entries / GIB == 878);
	CU_ASSERT(c.page == 4 * KIB);
	/* 153600 + 300 + 1 tables */
	CU_ASSERT(c.each == 153901 * 4 * KIB);
	CU_ASSERT(c.once == 0);
	CU_ASSERT(c.all == 1500 * 153901 * 4 * KIB);
}

/* doc/interface.md, section 10: 262,144 entries, 2 MiB a process. */
static void test_one_gib(void)
{
	struct plan_cost c = cost_of(GIB, 1, PLAN_BASE);

	CU_ASSERT(c.entries == 262144 * 8);
	CU_ASSERT(c.entries == 2 * MIB);
	CU_ASSERT(c.each == 2 * MIB + 2 * 4 * KIB);
}

static void test_kinds(void)
{
	struct plan_cost huge = cost_of(300 * GIB, 1500, PLAN_HUGE);
	struct plan_cost shared = cost_of(300 * GIB, 1500, PLAN_SHARED);
	struct plan_cost giant = cost_of(300 * GIB, 1500, PLAN_GIANT);

	CU_ASSERT(huge.page == 2 * MIB);
	CU_ASSERT(huge.each == 301 * 4 * KIB && huge.once == 0);
	CU_ASSERT(huge.all == 1500 * 301 * 4 * KIB);
	CU_ASSERT(huge.entries == 153600ULL * 8 * 1500);
	/* Each process and the daemon have one table above the shared ones. */
	CU_ASSERT(shared.page == 2 * MIB);
	CU_ASSERT(shared.each == 4 * KIB && shared.once == 301 * 4 * KIB);
	CU_ASSERT(shared.all == (301 + 1500) * 4 * KIB);
	CU_ASSERT(shared.entries == 153600ULL * 8);
	CU_ASSERT(giant.page == GIB);
	CU_ASSERT(giant.each == 4 * KIB && giant.once == 0);
	CU_ASSERT(giant.entries == 300 * 8 * 1500);
}

/* A page table exists whole or not at all. */
static void test_rounding(void)
{
	CU_ASSERT(cost_of(1, 1, PLAN_BASE).all == 3 * 4 * KIB);
	CU_ASSERT(cost_of(1, 1, PLAN_BASE).entries == 8);
	CU_ASSERT(cost_of(2 * MIB, 1, PLAN_BASE).all == 3 * 4 * KIB);
	CU_ASSERT(cost_of(2 * MIB + 1, 1, PLAN_BASE).all == 4 * 4 * KIB);
	CU_ASSERT(cost_of(GIB, 1, PLAN_HUGE).all == 2 * 4 * KIB);
	CU_ASSERT(cost_of(GIB + 1, 1, PLAN_HUGE).all == 3 * 4 * KIB);
	CU_ASSERT(cost_of(512 * GIB, 1, PLAN_GIANT).all == 4 * KIB);
	CU_ASSERT(cost_of(512 * GIB + 1, 1, PLAN_GIANT).all == 2 * 4 * KIB);
	CU_ASSERT(cost_of(512 * GIB + 1, 7, PLAN_SHARED).each == 2 * 4 * KIB);
}

/* Counts the tables under one, from its start, one by one. */
static uint64_t walk(uint64_t size, unsigned int level, unsigned int lowest)
{
	uint64_t under = 4096, n = 1;

	for (unsigned int i = 1; i < level; i++)
		under *= 512;
	if (level == lowest)
		return 1;
	for (uint64_t at = 0; at < size && at < 512 * under; at += under)
		n += walk(size - at < under ? size - at : under, level - 1,
			  lowest);
	return n;
}

static void test_against_a_walk(void)
{
	static const uint64_t sizes[] = {
		1,	   4096,      2 * MIB - 1, 2 * MIB,	  3 * MIB,
		GIB - 1,   GIB,	      5 * GIB + 1, 300 * GIB,	  511 * GIB,
		512 * GIB, 512 * GIB, 77 * GIB,	   GIB + 2 * MIB,
	};

	for (size_t i = 0; i < N_TESTS(sizes); i++) {
		CU_ASSERT(cost_of(sizes[i], 1, PLAN_BASE).each ==
			  walk(sizes[i], 3, 1) * 4096);
		CU_ASSERT(cost_of(sizes[i], 1, PLAN_HUGE).each ==
			  walk(sizes[i], 3, 2) * 4096);
		CU_ASSERT(cost_of(sizes[i], 1, PLAN_GIANT).each ==
			  walk(sizes[i], 3, 3) * 4096);
	}
}

/* 64 KiB pages, as on arm64: tables of 512 MiB and 4 TiB. */
static void test_other_pages(void)
{
	const struct plan_ask ask = {TIB, 10, 64 * KIB};
	struct plan_cost c;

	CU_ASSERT(!plan_cost(&ask, PLAN_HUGE, &c));
	CU_ASSERT(c.page == 512 * MIB && c.each == 2 * 64 * KIB);
	CU_ASSERT(!plan_cost(&ask, PLAN_GIANT, &c) && c.page == 4 * TIB);
	CU_ASSERT(plan_huge_pages(&ask) == 2048);
}

static void test_huge_pages(void)
{
	CU_ASSERT(plan_huge_pages(&(struct plan_ask){1, 1, 4096}) == 1);
	CU_ASSERT(plan_huge_pages(&(struct plan_ask){300 * GIB, 1, 4096}) ==
		  153600);
	CU_ASSERT(plan_huge_pages(&(struct plan_ask){2 * MIB + 1, 1, 4096}) ==
		  2);
}

static void test_limits(void)
{
	CU_ASSERT(error_of(0, 1, 4096) == -EINVAL);
	CU_ASSERT(error_of(1, 0, 4096) == -EINVAL);
	CU_ASSERT(error_of(1, PLAN_PROCS_MAX + 1, 4096) == -EINVAL);
	CU_ASSERT(error_of(1, 1, 0) == -EINVAL);
	CU_ASSERT(error_of(1, 1, 5000) == -EINVAL);
	CU_ASSERT(error_of(1, 1, 2048) == -EINVAL);
	CU_ASSERT(error_of(UINT64_MAX, PLAN_PROCS_MAX, 4096) == -ERANGE);
	CU_ASSERT(error_of(UINT64_MAX, 512, 4096) == -ERANGE);
	CU_ASSERT(cost_of(UINT64_MAX, 1, PLAN_BASE).entries == 1ULL << 55);
	CU_ASSERT(cost_of(1, PLAN_PROCS_MAX, PLAN_BASE).all ==
		  PLAN_PROCS_MAX * 3 * 4096);
}

static const struct test tests[] = {
	{"the example of the kernel series", test_the_number},
	{"one GiB", test_one_gib},
	{"kinds of pages", test_kinds},
	{"rounding", test_rounding},
	{"against a walk of tables", test_against_a_walk},
	{"other pages", test_other_pages},
	{"huge pages", test_huge_pages},
	{"limits", test_limits},
};

int main(void)
{
	return run_tests("unit_plan", tests, N_TESTS(tests));
}
