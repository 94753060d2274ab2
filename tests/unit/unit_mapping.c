/* SPDX-License-Identifier: MIT */
/* The tree of mappings: directed cases, and a comparison with a plain array. */
#include "harness/harness.h"

#include <inttypes.h>
#include <string.h>

#include "mapping/mapping.h"

struct piece {
	uint64_t start;
	uint64_t end;
	uint32_t prot;
};

static struct mapping_tree tree;

/* How many of the two spare nodes the change left over. */
static int spares_left(struct mapping_spare *spare)
{
	int n = !!spare->node[0] + !!spare->node[1];

	mapping_spare_free(spare);
	return n;
}

static int add(uint64_t start, uint64_t end, uint32_t prot)
{
	struct mapping_spare spare;

	CU_ASSERT_FATAL(mapping_spare_get(&spare) == 0);
	mapping_insert(&tree, start, end, prot, &spare);
	return spares_left(&spare);
}

static int cut(uint64_t start, uint64_t end)
{
	struct mapping_spare spare;

	CU_ASSERT_FATAL(mapping_spare_get(&spare) == 0);
	mapping_remove(&tree, start, end, &spare);
	return spares_left(&spare);
}

static bool holds_pieces(const struct piece *want, size_t n)
{
	struct mapping *m = mapping_find(&tree, 0);
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++, m = mapping_next(m)) {
		if (!m || m->start != want[i].start || m->end != want[i].end ||
		    m->prot != want[i].prot)
			return false;
		bytes += m->end - m->start;
	}
	return !m && tree.bytes == bytes;
}

#define HOLDS(...)                                                 \
	holds_pieces((const struct piece[]){__VA_ARGS__},          \
		     sizeof((const struct piece[]){__VA_ARGS__}) / \
			     sizeof(struct piece))

static bool empty(void)
{
	return !mapping_find(&tree, 0) && tree.bytes == 0;
}

static bool same_extents(const struct extents *list, const struct extent *want,
			 size_t n)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		if (i >= list->n || list->v[i].start != want[i].start ||
		    list->v[i].end != want[i].end)
			return false;
		bytes += want[i].end - want[i].start;
	}
	return list->n == n && extents_bytes(list) == bytes;
}

static bool pages_are(uint64_t page, uint64_t start, uint64_t end, bool mapped,
		      const struct extent *want, size_t n)
{
	struct extents list;
	bool same;

	if (mapping_pages(&tree, page, start, end, MAPPINGS_ALL, mapped, &list))
		return false;
	same = same_extents(&list, want, n);
	extents_free(&list);
	return same;
}

#define PAGES(page, start, end, mapped, ...)                     \
	pages_are(page, start, end, mapped,                      \
		  (const struct extent[]){__VA_ARGS__},          \
		  sizeof((const struct extent[]){__VA_ARGS__}) / \
			  sizeof(struct extent))
#define NO_PAGES(page, start, end, mapped) \
	pages_are(page, start, end, mapped, NULL, 0)

static void test_insert(void)
{
	mapping_tree_init(&tree);
	CU_ASSERT(empty());
	CU_ASSERT(add(20, 30, 1) == 1);
	CU_ASSERT(HOLDS({20, 30, 1}));
	add(50, 60, 2);
	add(0, 10, 3);
	CU_ASSERT(HOLDS({0, 10, 3}, {20, 30, 1}, {50, 60, 2}));
	mapping_tree_free(&tree);
	CU_ASSERT(empty());
}

static void test_merge(void)
{
	mapping_tree_init(&tree);
	add(10, 20, 1);
	add(20, 30, 1); /* behind */
	CU_ASSERT(HOLDS({10, 30, 1}));
	add(0, 10, 1); /* before */
	CU_ASSERT(HOLDS({0, 30, 1}));
	add(40, 50, 1);
	add(30, 40, 1); /* between the two */
	CU_ASSERT(HOLDS({0, 50, 1}));
	mapping_tree_free(&tree);
}

static void test_no_merge(void)
{
	mapping_tree_init(&tree);
	add(10, 20, 1);
	add(20, 30, 2); /* another prot */
	add(0, 9, 1);	/* one byte short */
	CU_ASSERT(HOLDS({0, 9, 1}, {10, 20, 1}, {20, 30, 2}));
	add(20, 30, 0); /* no access is a mapping too */
	CU_ASSERT(HOLDS({0, 9, 1}, {10, 20, 1}, {20, 30, 0}));
	add(20, 30, 1);
	CU_ASSERT(HOLDS({0, 9, 1}, {10, 30, 1}));
	mapping_tree_free(&tree);
}

static void test_replace(void)
{
	mapping_tree_init(&tree);
	add(10, 20, 1);
	add(30, 40, 1);
	add(50, 60, 1);
	add(15, 55, 2); /* cuts the first and the last, swallows the second */
	CU_ASSERT(HOLDS({10, 15, 1}, {15, 55, 2}, {55, 60, 1}));
	add(15, 55, 3); /* exactly that */
	CU_ASSERT(HOLDS({10, 15, 1}, {15, 55, 3}, {55, 60, 1}));
	add(0, 100, 1); /* all of it */
	CU_ASSERT(HOLDS({0, 100, 1}));
	add(0, 100, 1); /* the same once more */
	CU_ASSERT(HOLDS({0, 100, 1}));
	mapping_tree_free(&tree);
}

static void test_split(void)
{
	mapping_tree_init(&tree);
	add(0, 100, 1);
	CU_ASSERT(add(40, 60, 2) == 0); /* both spare nodes are needed */
	CU_ASSERT(HOLDS({0, 40, 1}, {40, 60, 2}, {60, 100, 1}));
	add(40, 60, 1);
	CU_ASSERT(HOLDS({0, 100, 1}));
	CU_ASSERT(cut(40, 60) == 1);
	CU_ASSERT(HOLDS({0, 40, 1}, {60, 100, 1}));
	mapping_tree_free(&tree);
}

static void test_remove(void)
{
	mapping_tree_init(&tree);
	CU_ASSERT(cut(0, 100) == 2); /* a hole: nothing to do */
	CU_ASSERT(empty());
	add(10, 30, 1);
	CU_ASSERT(cut(0, 10) == 2);
	cut(30, 40);
	CU_ASSERT(HOLDS({10, 30, 1}));
	CU_ASSERT(cut(5, 15) == 2); /* its beginning */
	CU_ASSERT(HOLDS({15, 30, 1}));
	cut(25, 35); /* its end */
	CU_ASSERT(HOLDS({15, 25, 1}));
	add(30, 40, 2);
	add(50, 60, 1);
	cut(20, 55); /* parts, a whole and holes */
	CU_ASSERT(HOLDS({15, 20, 1}, {55, 60, 1}));
	cut(15, 20); /* exactly one */
	CU_ASSERT(HOLDS({55, 60, 1}));
	cut(0, UINT64_MAX);
	CU_ASSERT(empty());
	mapping_tree_free(&tree);
}

static void test_find(void)
{
	mapping_tree_init(&tree);
	CU_ASSERT_PTR_NULL(mapping_find(&tree, 0));
	for (uint64_t i = 1; i <= 50; i++)
		add(i * 20, i * 20 + 10, 1);
	for (uint64_t i = 1; i <= 50; i++) {
		struct mapping *m = mapping_find(&tree, i * 20);

		CU_ASSERT(m && m->start == i * 20);
		CU_ASSERT_PTR_EQUAL(m, mapping_find(&tree, i * 20 + 9));
		/* the byte before it lies in a hole, so it is the next one */
		CU_ASSERT_PTR_EQUAL(m, mapping_find(&tree, i * 20 - 1));
		CU_ASSERT_PTR_EQUAL(mapping_find(&tree, i * 20 + 10),
				    mapping_next(m));
	}
	CU_ASSERT_PTR_NULL(mapping_find(&tree, 1010));
	CU_ASSERT_PTR_NULL(mapping_find(&tree, UINT64_MAX));
	mapping_tree_free(&tree);
}

static void test_bytes(void)
{
	mapping_tree_init(&tree);
	add(0, 1ULL << 62, 1);
	CU_ASSERT(tree.bytes == 1ULL << 62);
	add(1ULL << 62, INT64_MAX, 2);
	CU_ASSERT(tree.bytes == INT64_MAX);
	cut(4096, 8192);
	CU_ASSERT(tree.bytes == INT64_MAX - 4096);
	add(0, 16384, 3);
	CU_ASSERT(tree.bytes == INT64_MAX);
	mapping_tree_free(&tree);
	CU_ASSERT(tree.bytes == 0);
}

static void test_extents(void)
{
	struct extents list = {0};

	CU_ASSERT(extents_bytes(&list) == 0);
	CU_ASSERT(extents_add(&list, 5, 5) == 0); /* empty ones are left out */
	CU_ASSERT(extents_add(&list, 6, 5) == 0);
	CU_ASSERT(list.n == 0);
	CU_ASSERT(extents_add(&list, 0, 10) == 0);
	CU_ASSERT(extents_add(&list, 10, 20) == 0); /* one with the last */
	CU_ASSERT(list.n == 1);
	CU_ASSERT(list.v[0].start == 0 && list.v[0].end == 20);
	for (uint64_t i = 1; i <= 100; i++)
		CU_ASSERT(extents_add(&list, i * 100, i * 100 + 1) == 0);
	CU_ASSERT(list.n == 101);
	CU_ASSERT(list.v[0].end == 20); /* moved with the list as it grew */
	CU_ASSERT(list.v[100].start == 10000 && list.v[100].end == 10001);
	CU_ASSERT(extents_bytes(&list) == 120);
	extents_free(&list);
	CU_ASSERT(list.n == 0 && list.v == NULL && list.room == 0);
	extents_free(&list);
}

static void test_pages_of_nothing(void)
{
	mapping_tree_init(&tree);
	CU_ASSERT(NO_PAGES(16, 0, 64, true));
	CU_ASSERT(PAGES(16, 0, 64, false, {0, 64}));
	CU_ASSERT(NO_PAGES(16, 32, 32, false)); /* an empty range */
	CU_ASSERT(NO_PAGES(16, 32, 32, true));
	mapping_tree_free(&tree);
}

static void test_pages_of_whole(void)
{
	mapping_tree_init(&tree);
	add(16, 48, 1);
	CU_ASSERT(PAGES(16, 0, 64, true, {16, 48}));
	CU_ASSERT(PAGES(16, 0, 64, false, {0, 16}, {48, 64}));
	CU_ASSERT(PAGES(16, 16, 48, true, {16, 48}));
	CU_ASSERT(NO_PAGES(16, 16, 48, false));
	/* Only what the range touches, though the mapping goes on. */
	CU_ASSERT(PAGES(16, 16, 32, true, {16, 32}));
	CU_ASSERT(PAGES(16, 32, 64, true, {32, 48}));
	CU_ASSERT(PAGES(16, 32, 64, false, {48, 64}));
	CU_ASSERT(NO_PAGES(16, 48, 64, true));
	CU_ASSERT(NO_PAGES(16, 0, 16, true));
	mapping_tree_free(&tree);
}

static void test_pages_rounding(void)
{
	mapping_tree_init(&tree);
	add(32, 48, 1);
	/* Range ends inside a page mean all of it. */
	CU_ASSERT(PAGES(16, 1, 2, false, {0, 16}));
	CU_ASSERT(PAGES(16, 15, 17, false, {0, 32}));
	CU_ASSERT(PAGES(16, 47, 48, true, {32, 48}));
	CU_ASSERT(PAGES(16, 31, 33, true, {32, 48}));
	CU_ASSERT(PAGES(16, 31, 33, false, {16, 32}));
	CU_ASSERT(PAGES(16, 47, 49, true, {32, 48}));
	CU_ASSERT(PAGES(16, 47, 49, false, {48, 64}));
	mapping_tree_free(&tree);
}

static void test_pages_of_pieces(void)
{
	mapping_tree_init(&tree);
	add(20, 21, 1); /* one byte holds its page */
	CU_ASSERT(PAGES(16, 0, 48, true, {16, 32}));
	CU_ASSERT(PAGES(16, 0, 48, false, {0, 16}, {32, 48}));
	/* Another byte of that page: it is mapped, though this part is not. */
	CU_ASSERT(PAGES(16, 30, 31, true, {16, 32}));
	CU_ASSERT(PAGES(16, 16, 17, true, {16, 32}));
	CU_ASSERT(NO_PAGES(16, 30, 31, false));
	add(31, 33, 2); /* over the edge of the next page */
	CU_ASSERT(PAGES(16, 0, 64, true, {16, 48}));
	CU_ASSERT(PAGES(16, 0, 64, false, {0, 16}, {48, 64}));
	mapping_tree_free(&tree);
}

static void test_pages_of_many(void)
{
	mapping_tree_init(&tree);
	/* Three in page 1, one from page 1 into 2, two in page 4. */
	add(16, 18, 1);
	add(20, 22, 2);
	add(24, 26, 1);
	add(30, 34, 2);
	add(64, 66, 1);
	add(70, 80, 1);
	CU_ASSERT(PAGES(16, 0, 96, true, {16, 48}, {64, 80}));
	CU_ASSERT(PAGES(16, 0, 96, false, {0, 16}, {48, 64}, {80, 96}));
	CU_ASSERT(PAGES(16, 23, 24, true, {16, 32}));
	CU_ASSERT(PAGES(16, 35, 65, true, {32, 48}, {64, 80}));
	CU_ASSERT(PAGES(16, 35, 65, false, {48, 64}));
	mapping_tree_free(&tree);
}

/* The naive model: an entry a unit, -1 where nothing is mapped. */
#define UNITS 512
static int model[UNITS];

static unsigned int below(unsigned int limit)
{
	return (unsigned int)random() % limit;
}

static bool same_tree(void)
{
	struct mapping *m = mapping_find(&tree, 0), *last = NULL;
	uint64_t bytes = 0, at = 0;

	for (; m; last = m, m = mapping_next(m)) {
		if (m->start >= m->end || m->end > UNITS || m->start < at)
			return false;
		if (last && last->end == m->start && last->prot == m->prot)
			return false; /* should have become one */
		for (; at < m->start; at++)
			if (model[at] != -1)
				return false;
		for (; at < m->end; at++)
			if (model[at] != (int)m->prot)
				return false;
		bytes += m->end - m->start;
	}
	for (; at < UNITS; at++)
		if (model[at] != -1)
			return false;
	return bytes == tree.bytes;
}

static bool same_pages(uint64_t page, uint64_t start, uint64_t end, bool mapped)
{
	uint64_t at = start / page * page;
	struct extents list, want = {0};
	bool same;

	for (; at < end; at += page) {
		bool any = false;

		for (uint64_t i = at; i < at + page; i++)
			any |= model[i] != -1;
		if (any == mapped)
			extents_add(&want, at, at + page);
	}
	same = !mapping_pages(&tree, page, start, end, MAPPINGS_ALL, mapped,
			      &list) &&
	       same_extents(&list, want.v, want.n);
	extents_free(&list);
	extents_free(&want);
	return same;
}

static bool same_find(uint64_t offset)
{
	struct mapping *m = mapping_find(&tree, offset);
	uint64_t at = offset;

	while (at < UNITS && model[at] == -1)
		at++;
	return at == UNITS ? !m : m && m->start <= at && at < m->end;
}

static bool random_step(void)
{
	static const unsigned int pages[] = {1, 4, 16, 64};
	unsigned int start = below(UNITS);
	/* short ones mostly, else all is soon one large mapping */
	unsigned int room = below(8) ? 24 : UNITS;
	unsigned int end = start + 1 + below(room);
	uint64_t page = pages[below(4)];
	int prot = (int)below(4);

	if (end > UNITS)
		end = UNITS;
	if (below(5) < 2) {
		cut(start, end);
		prot = -1;
	} else {
		add(start, end, (uint32_t)prot);
	}
	for (unsigned int i = start; i < end; i++)
		model[i] = prot;
	start = below(UNITS + 1);
	end = start + below(UNITS + 1 - start);
	return same_tree() && same_find(below(UNITS)) &&
	       same_pages(page, start, end, true) &&
	       same_pages(page, start, end, false) &&
	       same_pages(page, 0, UNITS, below(2));
}

static void test_random(void)
{
	bool same = true;

	srandom(20260513);
	mapping_tree_init(&tree);
	memset(model, 0xff, sizeof(model));
	for (int step = 0; same && step < 20000; step++) {
		same = random_step();
		if (!same)
			printf("     differs after step %d\n", step);
	}
	CU_ASSERT_TRUE(same);
	mapping_tree_free(&tree);
	CU_ASSERT(empty());
}

static const struct test tests[] = {
	{"insert", test_insert},
	{"merge with neighbours", test_merge},
	{"unlike neighbours stay", test_no_merge},
	{"replace", test_replace},
	{"split", test_split},
	{"remove", test_remove},
	{"find", test_find},
	{"bytes", test_bytes},
	{"extents", test_extents},
	{"pages: no mapping", test_pages_of_nothing},
	{"pages: whole pages", test_pages_of_whole},
	{"pages: range ends inside pages", test_pages_rounding},
	{"pages: mappings smaller than a page", test_pages_of_pieces},
	{"pages: several mappings in a page", test_pages_of_many},
	{"random changes", test_random},
};

int main(void)
{
	return run_tests("unit_mapping", tests, N_TESTS(tests));
}
