/* SPDX-License-Identifier: MIT */
/* Rules of sizes, mappings, windows: doc/interface.md, sections 4, 5 and 6. */
#include "region/region_life.h"
#include "region/region_rules.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/backing.h"
#include "region/region.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)
#define TOP UINT64_MAX	  /* 2^64 - 1 */
#define HALF (1ULL << 63) /* the first value too large for a file */

#define ALIGN GIB
#define START TIB      /* of the regions of v1 */
#define SIZE (2 * GIB) /* of all regions */
#define HUGE_PAGE (2 * MIB)

static struct backing backing;
static uint64_t page;

static struct region *new_region(void)
{
	struct region *region = region_new(&backing);

	CU_ASSERT_PTR_NOT_NULL_FATAL(region);
	return region;
}

/* With start 0 it is a region of v2 or v3. */
static struct region *shaped(uint64_t start, uint64_t size)
{
	struct region *region = new_region();

	CU_ASSERT((start ? region_set_size(region, start, size, ALIGN)
			 : region_truncate(region, size, ALIGN)) == 0);
	return region;
}

static bool shape_is(struct region *region, uint64_t start, uint64_t size)
{
	uint64_t s = 1, n = 1, mapped = 1;

	region_shape(region, &s, &n, &mapped);
	return s == start && n == size && mapped == 0;
}

static void test_new(void)
{
	struct region *a = new_region(), *b = new_region();

	CU_ASSERT(shape_is(a, 0, 0));
	CU_ASSERT(a->id != b->id);
	CU_ASSERT(a->fd == -1 && a->ro_fd == -1);
	CU_ASSERT_PTR_EQUAL(region_get(a), a);
	region_put(a);
	CU_ASSERT(shape_is(a, 0, 0)); /* one reference remains */
	region_put(a);
	region_put(b);
}

/* Section 4: sizes */

static void test_set_size(void)
{
	static const struct {
		uint64_t start;
		uint64_t size;
	} good[] = {
		{GIB, GIB},
		{TIB, 512 * GIB},
		{HALF, GIB},
		{GIB, REGION_MAX},
		{TOP - 2 * GIB + 1, GIB}, /* ends just below the top */
		{HALF - GIB, REGION_MAX},
	};

	for (size_t i = 0; i < N_TESTS(good); i++) {
		struct region *region = new_region();

		CU_ASSERT(region_set_size(region, good[i].start, good[i].size,
					  ALIGN) == 0);
		CU_ASSERT(shape_is(region, good[i].start, good[i].size));
		region_put(region);
	}
}

static void test_set_size_refused(void)
{
	const struct {
		uint64_t start;
		uint64_t size;
	} bad[] = {
		{0, 0},
		{0, GIB},
		{GIB, 0},
		{1, GIB},
		{GIB, 1},
		{page - 1, GIB},
		{GIB, page - 1},
		{page, GIB},
		{GIB, page},
		{GIB + 1, GIB},
		{GIB, GIB + 1},
		{GIB, GIB - 1},
		{GIB - page, GIB},
		{TOP, GIB},
		{GIB, TOP},
		{HALF + 1, GIB},
		{GIB, REGION_MAX + GIB},
		{GIB, HALF - GIB}, /* the largest file */
		{GIB, HALF},
		{HALF, HALF},
		{GIB, TOP - GIB + 1}, /* aligned, but too large for a file */
		/* These end at 2^64 and above. */
		{TOP - GIB + 1, GIB},
		{TOP - GIB + 1, 2 * GIB},
		{HALF + GIB, HALF - GIB},
		{TOP, TOP},
	};
	struct region *region = new_region();

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(region_set_size(region, bad[i].start, bad[i].size,
					  ALIGN) == -EINVAL);
		CU_ASSERT(shape_is(region, 0, 0));
	}
	/* None of the refused calls had an effect. */
	CU_ASSERT(region_set_size(region, GIB, GIB, ALIGN) == 0);
	region_put(region);
}

static void test_truncate(void)
{
	const uint64_t bad[] = {
		0,	    1,		page - 1,	page,
		page + 1,   MIB,	GIB - 1,	GIB + 1,
		GIB - page, GIB + page, REGION_MAX + 1, HALF - 1,
		TOP,
	};
	const uint64_t large[] = {
		REGION_MAX + GIB, HALF - GIB,	 1ULL << 62, HALF,
		HALF + GIB,	  TOP - GIB + 1,
	};
	struct region *region = new_region();

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(region_truncate(region, bad[i], ALIGN) == -EINVAL);
		CU_ASSERT(shape_is(region, 0, 0));
	}
	for (size_t i = 0; i < N_TESTS(large); i++) {
		CU_ASSERT(region_truncate(region, large[i], ALIGN) == -EFBIG);
		CU_ASSERT(shape_is(region, 0, 0));
	}
	CU_ASSERT(region_truncate(region, REGION_MAX, ALIGN) == 0);
	CU_ASSERT(shape_is(region, 0, REGION_MAX));
	region_put(region);
}

static void test_size_once(void)
{
	struct region *v1 = shaped(START, SIZE), *v2 = shaped(0, SIZE);

	CU_ASSERT(region_set_size(v1, START, SIZE, ALIGN) == -EINVAL);
	CU_ASSERT(region_set_size(v1, START, 2 * SIZE, ALIGN) == -EINVAL);
	CU_ASSERT(region_truncate(v1, SIZE, ALIGN) == -EINVAL);
	CU_ASSERT(shape_is(v1, START, SIZE));
	CU_ASSERT(region_truncate(v2, SIZE, ALIGN) == -EINVAL);
	CU_ASSERT(region_truncate(v2, 0, ALIGN) == -EINVAL);
	CU_ASSERT(region_set_size(v2, START, SIZE, ALIGN) == -EINVAL);
	CU_ASSERT(shape_is(v2, 0, SIZE));
	region_put(v1);
	region_put(v2);
}

static void test_other_align(void)
{
	struct region *a = new_region(), *b = new_region();

	CU_ASSERT(region_truncate(a, GIB, 512 * GIB) == -EINVAL);
	CU_ASSERT(region_set_size(a, GIB, 512 * GIB, 512 * GIB) == -EINVAL);
	CU_ASSERT(region_set_size(a, 512 * GIB, 512 * GIB, 512 * GIB) == 0);
	CU_ASSERT(region_truncate(b, 3 * MIB, 2 * MIB) == -EINVAL);
	CU_ASSERT(region_truncate(b, 4 * MIB, 2 * MIB) == 0);
	region_put(a);
	region_put(b);
}

/* Section 5: mappings */

static uint32_t prot; /* what kind of mapping to ask for */

static struct map_request map_of(bool absolute, uint64_t at, uint64_t size)
{
	return (struct map_request){
		.range = {absolute, at, size},
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};
}

static bool maps(struct region *region, const struct map_request *req,
		 uint64_t start, uint64_t end)
{
	struct extent range = {1, 1};

	return !region_check_map(region, req, HUGE_PAGE, &range, &prot) &&
	       range.start == start && range.end == end;
}

static bool map_fails(struct region *region, const struct map_request *req)
{
	struct extent range;

	return region_check_map(region, req, HUGE_PAGE, &range, &prot) ==
	       -EINVAL;
}

/* Both ioctls apply the same rules to ranges. */
static bool range_is(struct region *region, bool absolute, uint64_t at,
		     uint64_t size, uint64_t start, uint64_t end)
{
	struct map_request req = map_of(absolute, at, size);
	struct extent range = {1, 1};

	return maps(region, &req, start, end) &&
	       !region_check_unmap(region, &req.range, &range) &&
	       range.start == start && range.end == end;
}

static bool range_fails(struct region *region, bool absolute, uint64_t at,
			uint64_t size)
{
	struct map_request req = map_of(absolute, at, size);
	struct extent range;

	return map_fails(region, &req) &&
	       region_check_unmap(region, &req.range, &range) == -EINVAL;
}

static void test_size_not_set(void)
{
	struct region *region = new_region();

	CU_ASSERT(range_fails(region, false, 0, page));
	CU_ASSERT(range_fails(region, true, 0, page));
	CU_ASSERT(range_fails(region, true, START, page));
	CU_ASSERT(range_fails(region, false, 0, 0));
	region_put(region);
}

/* Ranges that must pass, as offsets from base. */
static void good_ranges(struct region *region, bool absolute, uint64_t base)
{
	const struct {
		uint64_t at, size, end;
	} good[] = {
		{0, 1, page}, /* rounded up to a page */
		{0, page - 1, page},
		{0, page, page},
		{0, page + 1, 2 * page},
		{page, 1, 2 * page},
		{page, page, 2 * page},
		{0, SIZE, SIZE},
		{0, SIZE - 1, SIZE},
		{0, SIZE - page + 1, SIZE},
		{SIZE - page, page, SIZE},
		{SIZE - page, 1, SIZE},
		{page, SIZE - page, SIZE},
		{GIB, GIB, SIZE},
	};

	for (size_t i = 0; i < N_TESTS(good); i++)
		CU_ASSERT(range_is(region, absolute, base + good[i].at,
				   good[i].size, good[i].at, good[i].end));
}

static void bad_ranges(struct region *region, bool absolute, uint64_t base)
{
	const struct {
		uint64_t at, size;
	} bad[] = {
		{0, 0}, /* empty */
		{page, 0},
		{SIZE, 0},
		{1, page}, /* not page-aligned */
		{page - 1, page},
		{page + 1, 1},
		{1, 0},
		{0, SIZE + 1}, /* past the end */
		{0, 2 * SIZE},
		{0, HALF},
		{page, SIZE},
		{SIZE - page, page + 1},
		{SIZE - page, 2 * page},
		{SIZE, 1}, /* behind the end */
		{SIZE, page},
		{SIZE + GIB, page},
		{0, TOP - page + 1}, /* rounding or adding wraps around */
		{0, TOP - page + 2},
		{0, TOP},
		{page, TOP - page + 1},
		{page, TOP},
		{2 * page, TOP - page + 1},
		{GIB, HALF},
	};

	for (size_t i = 0; i < N_TESTS(bad); i++)
		CU_ASSERT(range_fails(region, absolute, base + bad[i].at,
				      bad[i].size));
}

static void test_ranges_relative(void)
{
	struct region *region = shaped(0, SIZE);

	good_ranges(region, false, 0);
	bad_ranges(region, false, 0);
	region_put(region);
}

static void test_ranges_absolute(void)
{
	struct region *region = shaped(START, SIZE);

	good_ranges(region, true, START);
	bad_ranges(region, true, START);
	/* Before the start, and from there into the region. */
	CU_ASSERT(range_fails(region, true, 0, page));
	CU_ASSERT(range_fails(region, true, 0, START + page));
	CU_ASSERT(range_fails(region, true, START - page, page));
	CU_ASSERT(range_fails(region, true, START - page, 2 * page));
	region_put(region);
}

static void test_ranges_overflow(void)
{
	struct region *v2 = shaped(0, SIZE);
	struct region *v1 = shaped(TOP - 2 * SIZE + 1, SIZE);
	const uint64_t top_page = TOP - page + 1;

	for (int absolute = 0; absolute < 2; absolute++) {
		struct region *region = absolute ? v1 : v2;

		/*
		 * start + size wraps to 0, to a page, to the size of the
		 * region.
		 */
		CU_ASSERT(range_fails(region, absolute, top_page, page));
		CU_ASSERT(range_fails(region, absolute, top_page, 2 * page));
		CU_ASSERT(range_fails(region, absolute, top_page, SIZE + page));
		CU_ASSERT(range_fails(region, absolute, HALF, HALF));
		CU_ASSERT(range_fails(region, absolute, HALF, HALF + page));
		CU_ASSERT(range_fails(region, absolute, HALF, page));
		CU_ASSERT(range_fails(region, absolute, TOP, 1));
		CU_ASSERT(range_fails(region, absolute, TOP, TOP));
	}
	/* Regions near the top of the address space follow the same rules. */
	good_ranges(v1, true, TOP - 2 * SIZE + 1);
	bad_ranges(v1, true, TOP - 2 * SIZE + 1);
	CU_ASSERT(range_fails(v1, true, 0, page));
	region_put(v1);
	region_put(v2);
}

static void test_map_flags(void)
{
	struct region *region = shaped(0, SIZE);
	struct map_request req = map_of(false, 0, page);
	static const uint32_t bad[] = {
		0,
		MAP_ANONYMOUS,
		MAP_ANONYMOUS | MAP_SHARED,
		MAP_ANONYMOUS | MAP_FIXED,
		MAP_ANONYMOUS | MAP_FIXED | MAP_PRIVATE,
		MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED_NOREPLACE,
		MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED | MAP_GROWSDOWN,
	};

	CU_ASSERT(maps(region, &req, 0, page));
	req.flags |= MAP_NORESERVE | MAP_POPULATE;
	CU_ASSERT(maps(region, &req, 0, page));
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		req.flags = bad[i];
		CU_ASSERT(map_fails(region, &req));
	}
	region_put(region);
}

static void test_map_fd(void)
{
	static const int32_t bad[] = {0, 1, 3, -2, INT32_MIN, INT32_MAX};
	struct region *region = shaped(0, SIZE);
	struct map_request req = map_of(false, 0, page);
	struct extent range;

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		req.fd = bad[i];
		CU_ASSERT(map_fails(region, &req));
	}
	req.fd = -1; /* a file mapping without a file: EBADF in v3 */
	req.flags &= ~(uint32_t)MAP_ANONYMOUS;
	CU_ASSERT(region_check_map(region, &req, HUGE_PAGE, &range, &prot) < 0);
	region_put(region);
}

static void test_map_offset(void)
{
	const uint64_t good[] = {0, page, GIB, HALF, TOP - page + 1};
	const uint64_t bad[] = {1, page - 1, page + 1, HALF + 1, TOP};
	struct region *region = shaped(0, SIZE);
	struct map_request req = map_of(false, 0, page);

	for (size_t i = 0; i < N_TESTS(good); i++) {
		req.offset = good[i];
		CU_ASSERT(maps(region, &req, 0, page));
	}
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		req.offset = bad[i];
		CU_ASSERT(map_fails(region, &req));
	}
	region_put(region);
}

static struct map_request huge_of(bool absolute, uint64_t at, uint64_t size)
{
	struct map_request req = map_of(absolute, at, size);

	req.flags |= MAP_HUGETLB;
	return req;
}

static void huge_ranges(struct region *region, bool absolute, uint64_t base)
{
	const struct {
		uint64_t at, size, end; /* end 0: refused */
	} cases[] = {
		{0, 1, HUGE_PAGE},
		{0, HUGE_PAGE - 1, HUGE_PAGE},
		{0, HUGE_PAGE, HUGE_PAGE},
		{0, HUGE_PAGE + 1, 2 * HUGE_PAGE},
		{HUGE_PAGE, page, 2 * HUGE_PAGE},
		{SIZE - HUGE_PAGE, 1, SIZE},
		{0, SIZE, SIZE},
		{page, HUGE_PAGE, 0}, /* must begin at a huge page */
		{HUGE_PAGE - page, page, 0},
		{HUGE_PAGE + 1, 1, 0},
		{0, 0, 0},
		{SIZE, 1, 0},
		{SIZE - HUGE_PAGE, HUGE_PAGE + 1, 0},
		{0, SIZE + 1, 0},
		{0, TOP, 0},
		{0, TOP - HUGE_PAGE + 1, 0},
		{0, TOP - HUGE_PAGE + 2, 0},
		{HUGE_PAGE, TOP - HUGE_PAGE + 1, 0},
	};

	for (size_t i = 0; i < N_TESTS(cases); i++) {
		struct map_request req =
			huge_of(absolute, base + cases[i].at, cases[i].size);

		CU_ASSERT(cases[i].end ? maps(region, &req, cases[i].at,
					      cases[i].end)
				       : map_fails(region, &req));
	}
}

static void test_map_huge(void)
{
	struct region *v1 = shaped(START, SIZE), *v2 = shaped(0, SIZE);

	huge_ranges(v2, false, 0);
	huge_ranges(v1, true, START);
	region_put(v1);
	region_put(v2);
}

/* The size is rounded up before it is compared with the region's. */
static void test_map_huge_bounds(void)
{
	struct region *region = new_region();
	struct map_request req = map_of(false, HUGE_PAGE, MIB);

	CU_ASSERT(region_truncate(region, 3 * MIB, MIB) == 0);
	CU_ASSERT(maps(region, &req, HUGE_PAGE, 3 * MIB));
	req.flags |= MAP_HUGETLB;
	CU_ASSERT(map_fails(region, &req));
	region_put(region);
}

static void test_map_huge_size(void)
{
	struct region *region = shaped(0, SIZE);
	struct map_request req = huge_of(false, 0, page);
	struct extent range;

	req.flags |= (uint32_t)MAP_HUGE_2MB;
	CU_ASSERT(maps(region, &req, 0, HUGE_PAGE));
	req = huge_of(false, 0, page);
	/* not the page size of the backing */
	req.flags |= (uint32_t)MAP_HUGE_1GB;
	CU_ASSERT(map_fails(region, &req));
	CU_ASSERT(region_check_map(region, &req, GIB, &range, &prot) == 0);
	CU_ASSERT(range.end == GIB);
	/* A backing without huge pages cannot provide any. */
	req = huge_of(false, 0, page);
	CU_ASSERT(region_check_map(region, &req, page, &range, &prot) < 0);
	/* Without MAP_HUGETLB the size bits mean nothing, as for mmap(). */
	req = map_of(false, 0, page);
	req.flags |= (uint32_t)MAP_HUGE_1GB;
	CU_ASSERT(maps(region, &req, 0, page));
	region_put(region);
}

/* Section 6: windows */

static struct window_request window_of(uint64_t addr, uint32_t flags)
{
	return (struct window_request){
		.addr = addr,
		.length = SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.flags = flags,
		.accmode = O_RDWR,
	};
}

static int check(struct region *region, const struct window_request *req)
{
	struct window_rule rule;

	return region_check_window(region, req, ALIGN, &rule);
}

/* rule.addr does not matter for PLACE_ANY. */
static bool placed(struct region *region, const struct window_request *req,
		   enum window_place place, uint64_t addr)
{
	struct window_rule rule = {.addr = 1};

	return !region_check_window(region, req, ALIGN, &rule) &&
	       rule.place == place && rule.size == SIZE &&
	       (place == PLACE_ANY || rule.addr == addr);
}

static void test_window_not_set(void)
{
	struct region *region = new_region();
	struct window_request req = window_of(0, MAP_SHARED);

	CU_ASSERT(check(region, &req) == -EINVAL);
	req.length = 0;
	CU_ASSERT(check(region, &req) == -EINVAL);
	region_put(region);
}

static void window_kinds(struct region *region)
{
	struct window_request req = window_of(0, MAP_SHARED);

	CU_ASSERT(check(region, &req) == 0);
	req.flags = MAP_SHARED_VALIDATE;
	CU_ASSERT(check(region, &req) == 0);
	req.flags = MAP_SHARED | MAP_NORESERVE | MAP_POPULATE;
	CU_ASSERT(check(region, &req) == 0);
	req.flags = MAP_PRIVATE;
	CU_ASSERT(check(region, &req) == -EINVAL);
	req.flags = 0;
	CU_ASSERT(check(region, &req) == -EINVAL);
	req.flags = MAP_SHARED | MAP_HUGETLB;
	CU_ASSERT(check(region, &req) == -EINVAL);
	req.flags = MAP_SHARED | MAP_GROWSDOWN;
	CU_ASSERT(check(region, &req) == -EINVAL);
}

/* MAP_SHARED ignores unknown flags, as for any file that knows none. */
static void window_flags(struct region *region)
{
	const uint32_t known[] = {MAP_NORESERVE, MAP_POPULATE, MAP_LOCKED,
				  MAP_STACK,	 MAP_NONBLOCK, MAP_32BIT};
	const uint32_t unknown[] = {MAP_SYNC, MAP_FIXED_NOREPLACE, 1U << 24,
				    1U << 31};
	struct window_request req = window_of(0, 0);

	for (size_t i = 0; i < N_TESTS(known); i++) {
		req.flags = MAP_SHARED_VALIDATE | known[i];
		CU_ASSERT(check(region, &req) == 0);
	}
	req.addr = region->start; /* needed by MAP_FIXED_NOREPLACE */
	for (size_t i = 0; i < N_TESTS(unknown); i++) {
		req.flags = MAP_SHARED_VALIDATE | unknown[i];
		CU_ASSERT(check(region, &req) == -EOPNOTSUPP);
		req.flags = MAP_SHARED | unknown[i];
		CU_ASSERT(check(region, &req) == 0);
	}
	/* Unknown flags are reported before missing access. */
	req.accmode = O_RDONLY;
	req.flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	CU_ASSERT(check(region, &req) == -EOPNOTSUPP);
}

static void test_window_kinds(void)
{
	struct region *v1 = shaped(START, SIZE), *v2 = shaped(0, SIZE);

	window_kinds(v1);
	window_kinds(v2);
	window_flags(v1);
	window_flags(v2);
	region_put(v1);
	region_put(v2);
}

static void window_lengths(struct region *region)
{
	/* mmap() itself rounds a length up to a page. */
	const uint64_t good[] = {SIZE, SIZE - 1, SIZE - page + 1};
	const uint64_t bad[] = {
		0,	     1,		 page - 1,	 page,
		SIZE - page, SIZE - GIB, HALF,		 SIZE + 1,
		SIZE + page, 2 * SIZE,	 TOP - page + 1, TOP,
	};
	struct window_request req = window_of(0, MAP_SHARED);

	for (size_t i = 0; i < N_TESTS(good); i++) {
		struct window_rule rule = {0};

		req.length = good[i];
		CU_ASSERT(!region_check_window(region, &req, ALIGN, &rule));
		CU_ASSERT(rule.size == SIZE);
	}
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		req.length = bad[i];
		CU_ASSERT(check(region, &req) == -EINVAL);
	}
}

static void window_offsets(struct region *region)
{
	const uint64_t bad[] = {1,    page - 1, page,		GIB,
				HALF, SIZE,	TOP - page + 1, TOP};
	struct window_request req = window_of(0, MAP_SHARED);

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		req.offset = bad[i];
		req.length = SIZE;
		CU_ASSERT(check(region, &req) == -EINVAL);
		req.length = SIZE - bad[i]; /* just the rest */
		CU_ASSERT(check(region, &req) == -EINVAL);
	}
}

static void test_window_whole(void)
{
	struct region *v1 = shaped(START, SIZE), *v2 = shaped(0, SIZE);

	window_lengths(v1);
	window_lengths(v2);
	window_offsets(v1);
	window_offsets(v2);
	region_put(v1);
	region_put(v2);
}

static void test_window_access(void)
{
	static const struct {
		int accmode;
		uint32_t prot;
		int err;
	} cases[] = {
		{O_RDWR, PROT_READ | PROT_WRITE, 0},
		{O_RDWR, PROT_READ, 0},
		{O_RDWR, PROT_WRITE, 0},
		{O_RDWR, PROT_NONE, 0},
		{O_RDONLY, PROT_READ, 0},
		{O_RDONLY, PROT_NONE, 0},
		{O_RDONLY, PROT_WRITE, -EACCES},
		{O_RDONLY, PROT_READ | PROT_WRITE, -EACCES},
		{O_WRONLY, PROT_WRITE, -EACCES}, /* as for mmap() of any file */
		{O_WRONLY, PROT_READ, -EACCES},
		{O_WRONLY, PROT_NONE, -EACCES},
	};
	struct region *v1 = shaped(START, SIZE), *v2 = shaped(0, SIZE);
	struct window_request req = window_of(0, MAP_SHARED);

	for (size_t i = 0; i < N_TESTS(cases); i++) {
		req.accmode = cases[i].accmode;
		req.prot = cases[i].prot;
		CU_ASSERT(check(v1, &req) == cases[i].err);
		CU_ASSERT(check(v2, &req) == cases[i].err);
	}
	region_put(v1);
	region_put(v2);
}

/*
 * mmap() checks for a writable descriptor only if the mapping is shared:
 * writing to a private mapping is fine with it, so EINVAL must come from the
 * region.
 */
static void test_window_private_access(void)
{
	struct region *region = shaped(0, SIZE);
	struct window_request req = window_of(0, MAP_PRIVATE);

	req.accmode = O_RDONLY;
	CU_ASSERT(check(region, &req) == -EINVAL);
	req.accmode = O_WRONLY;
	CU_ASSERT(check(region, &req) == -EACCES);
	region_put(region);
}

static void test_window_v1(void)
{
	static const uint64_t other[] = {
		1,	     GIB,  START - GIB,	  START - 1, START + 1,
		START + GIB, HALF, TOP - GIB + 1, TOP,
	};
	static const uint32_t fixed[] = {
		0,
		MAP_FIXED,
		MAP_FIXED_NOREPLACE,
		MAP_FIXED | MAP_FIXED_NOREPLACE,
	};
	struct region *region = shaped(START, SIZE);
	struct window_request req = window_of(0, MAP_SHARED);

	CU_ASSERT(placed(region, &req, PLACE_AT, START)); /* EEXIST if taken */
	req.addr = START;
	CU_ASSERT(placed(region, &req, PLACE_AT, START));
	req.flags = MAP_SHARED | MAP_FIXED;
	CU_ASSERT(placed(region, &req, PLACE_REPLACE, START));
	req.flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
	CU_ASSERT(placed(region, &req, PLACE_AT, START));
	for (size_t i = 0; i < N_TESTS(fixed); i++) {
		req.flags = MAP_SHARED | fixed[i];
		for (size_t j = 0; j < N_TESTS(other); j++) {
			req.addr = other[j];
			CU_ASSERT(check(region, &req) == -EINVAL);
		}
		req.addr = 0; /* with MAP_FIXED an address like any other */
		CU_ASSERT(check(region, &req) == (i ? -EINVAL : 0));
	}
	region_put(region);
}

/* As for mmap(): MAP_FIXED_NOREPLACE never replaces anything. */
static void test_window_noreplace_wins(void)
{
	const uint32_t both = MAP_SHARED | MAP_FIXED | MAP_FIXED_NOREPLACE;
	struct region *v1 = shaped(START, SIZE), *v2 = shaped(0, SIZE);
	struct window_request req = window_of(START, both);

	CU_ASSERT(placed(v2, &req, PLACE_AT, START));
	CU_ASSERT(placed(v1, &req, PLACE_AT, START));
	region_put(v1);
	region_put(v2);
}

static void test_window_hint(void)
{
	static const struct {
		uint64_t addr, rounded;
	} cases[] = {
		{1, GIB},
		{4 * KIB, GIB},
		{GIB - 1, GIB},
		{GIB, GIB},
		{GIB + 1, 2 * GIB},
		{START, START},
		{HALF - 1, HALF},
		{HALF, HALF},
		{HALF + 1, HALF + GIB},
		{TOP - GIB + 1, TOP - GIB + 1},
		{TOP - GIB, TOP - GIB + 1},
	};
	struct region *region = shaped(0, SIZE);
	struct window_request req = window_of(0, MAP_SHARED);

	CU_ASSERT(placed(region, &req, PLACE_ANY, 0));
	for (size_t i = 0; i < N_TESTS(cases); i++) {
		req.addr = cases[i].addr;
		CU_ASSERT(placed(region, &req, PLACE_HINT, cases[i].rounded));
	}
	/* Rounding these up would pass the end, so the hint is ignored. */
	req.addr = TOP - GIB + 2;
	CU_ASSERT(placed(region, &req, PLACE_ANY, 0));
	req.addr = TOP;
	CU_ASSERT(placed(region, &req, PLACE_ANY, 0));
	region_put(region);
}

static void test_window_fixed(void)
{
	const uint64_t bad[] = {1,	 page - 1, page,	   GIB - page,
				GIB + 1, HALF + 1, TOP - page + 1, TOP};
	static const uint64_t good[] = {GIB, START, HALF, TOP - GIB + 1};
	struct region *region = shaped(0, SIZE);

	for (size_t i = 0; i < N_TESTS(good); i++) {
		struct window_request req =
			window_of(good[i], MAP_SHARED | MAP_FIXED);

		CU_ASSERT(placed(region, &req, PLACE_REPLACE, good[i]));
		req.flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
		CU_ASSERT(placed(region, &req, PLACE_AT, good[i]));
	}
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		struct window_request req =
			window_of(bad[i], MAP_SHARED | MAP_FIXED);

		CU_ASSERT(check(region, &req) == -EINVAL);
		req.flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
		CU_ASSERT(check(region, &req) == -EINVAL);
	}
	region_put(region);
}

static const struct test tests[] = {
	{"new, get, put", test_new},
	{"set_size", test_set_size},
	{"set_size refused", test_set_size_refused},
	{"truncate", test_truncate},
	{"the size is set once", test_size_once},
	{"another alignment", test_other_align},
	{"ranges before the size is set", test_size_not_set},
	{"ranges in a v2 region", test_ranges_relative},
	{"ranges in a v1 region", test_ranges_absolute},
	{"ranges that overflow", test_ranges_overflow},
	{"map: flags", test_map_flags},
	{"map: descriptor", test_map_fd},
	{"map: offset", test_map_offset},
	{"map: huge pages", test_map_huge},
	{"map: huge pages at the end", test_map_huge_bounds},
	{"map: size of huge pages", test_map_huge_size},
	{"window before the size is set", test_window_not_set},
	{"window: shared only", test_window_kinds},
	{"window: of the whole region only", test_window_whole},
	{"window: access", test_window_access},
	{"window: private, read-only descriptor", test_window_private_access},
	{"window: v1 addresses", test_window_v1},
	{"window: NOREPLACE wins over FIXED", test_window_noreplace_wins},
	{"window: v2 hints", test_window_hint},
	{"window: v2 fixed", test_window_fixed},
};

int main(void)
{
	static const struct backing_spec shmem = {.kind = BACKING_SHMEM};
	char message[BACKING_MESSAGE];
	int status;

	page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (backing_open(&backing, &shmem, message)) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	status = run_tests("unit_region", tests, N_TESTS(tests));
	backing_close(&backing);
	return status;
}
