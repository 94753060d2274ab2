/* SPDX-License-Identifier: MIT */
/* Who was told attributes of a directory that a change makes old. */
#include "harness/harness.h"

#include "namespace/stale_attr.h"

static void test_nobody(void)
{
	struct stale_attr told = {0};

	CU_ASSERT(!stale_attr_others(&told, 7));
	CU_ASSERT(!stale_attr_others(&told, 0));
}

/* It has seen to what it was told before it asks for more. */
static void test_same_thread(void)
{
	struct stale_attr told = {0};

	stale_attr_answered(&told, 7);
	stale_attr_answered(&told, 7);
	CU_ASSERT(!stale_attr_others(&told, 7));
	CU_ASSERT(!stale_attr_others(&told, 7));
}

static void test_another_thread(void)
{
	struct stale_attr told = {0};

	stale_attr_answered(&told, 7);
	CU_ASSERT(stale_attr_others(&told, 8));
	/* The kernel was told: what was under way is void. */
	CU_ASSERT(!stale_attr_others(&told, 8));
	CU_ASSERT(!stale_attr_others(&told, 7));
}

static void test_several_threads(void)
{
	struct stale_attr told = {0};

	stale_attr_answered(&told, 7);
	stale_attr_answered(&told, 8);
	stale_attr_answered(&told, 7);
	CU_ASSERT(stale_attr_others(&told, 7));
	CU_ASSERT(!stale_attr_others(&told, 7));
}

/* Of another pid namespace: it could be anybody. */
static void test_unknown_thread(void)
{
	struct stale_attr told = {0};

	stale_attr_answered(&told, 0);
	CU_ASSERT(stale_attr_others(&told, 0));
	stale_attr_answered(&told, 7);
	CU_ASSERT(stale_attr_others(&told, 0));
	stale_attr_answered(&told, 0);
	CU_ASSERT(stale_attr_others(&told, 7));
	stale_attr_answered(&told, 7);
	stale_attr_answered(&told, 0);
	CU_ASSERT(stale_attr_others(&told, 7));
}

static const struct test tests[] = {
	{"nobody", test_nobody},
	{"the thread that changes it", test_same_thread},
	{"another thread", test_another_thread},
	{"several threads", test_several_threads},
	{"a thread that is not known", test_unknown_thread},
};

int main(void)
{
	return run_tests("unit_told", tests, N_TESTS(tests));
}
