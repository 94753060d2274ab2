/* SPDX-License-Identifier: MIT */
/* Lists of extents, beside the same as bits. */
#include "harness/harness.h"

#include "base/extents.h"

static struct extents list_of(unsigned int bits)
{
	struct extents list = {0};

	for (unsigned int i = 0; i < 8; i++)
		if (bits & 1U << i)
			CU_ASSERT(!extents_add(&list, i, i + 1));
	return list;
}

static unsigned int bits_of(const struct extents *list)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < list->n; i++) {
		CU_ASSERT(list->v[i].start < list->v[i].end);
		/* What touches is one. */
		CU_ASSERT(!i || list->v[i - 1].end < list->v[i].start);
		for (uint64_t b = list->v[i].start; b < list->v[i].end; b++)
			bits |= 1U << b;
	}
	return bits;
}

static unsigned int result(int err, struct extents *list)
{
	unsigned int bits = bits_of(list);

	CU_ASSERT(!err);
	extents_free(list);
	return bits;
}

/* All pairs of lists in eight places */
static void sets(void)
{
	struct extents out;
	int bad = 0;

	for (unsigned int x = 0; x < 256; x++) {
		for (unsigned int y = 0; y < 256; y++) {
			struct extents a = list_of(x), b = list_of(y);

			bad += result(extents_and(&a, &b, &out), &out) !=
			       (x & y);
			bad += result(extents_minus(&a, &b, &out), &out) !=
			       (x & ~y);
			bad += result(extents_or(&a, &b, &out), &out) !=
			       (x | y);
			extents_free(&a);
			extents_free(&b);
		}
	}
	CU_ASSERT(bad == 0);
}

static void sums(void)
{
	struct extents list = {0};

	CU_ASSERT(!extents_add(&list, 5, 5) && list.n == 0);
	CU_ASSERT(!extents_add(&list, 1, 3) && !extents_add(&list, 3, 4));
	CU_ASSERT(!extents_add(&list, 9, 10));
	CU_ASSERT(list.n == 2 && extents_bytes(&list) == 4);
	extents_free(&list);
	CU_ASSERT(list.n == 0 && extents_bytes(&list) == 0);
}

static const struct test tests[] = {
	{"sets", sets},
	{"sums", sums},
};

int main(void)
{
	return run_tests("unit_extents", tests, N_TESTS(tests));
}
