/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 5: CREATE_MAPPING and UNMAP, what they accept and
 * what is in memory afterwards. That others see it is mount_visible.c's,
 * protection mount_prot.c's, want of memory mount_memory.c's.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <linux/msharefs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1ULL << 20)
#define START 0x200000000000ULL
#define TOP (1ULL << 63)
#define PAGE 4096ULL
#define FLAGS (MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS)

static int create(uint32_t flags, uint32_t prot, int file, uint64_t offset)
{
	struct mshare_create c = {
		.region_offset = 0,
		.size = PAGE,
		.offset = offset,
		.prot = prot,
		.flags = flags,
		.fd = (__u32)file,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &c);
}

static bool is_all(const char *from, char value, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (from[i] != value)
			return false;
	return true;
}

static bool is_hole(const char *byte)
{
	return try_read(byte).signal == SIGSEGV;
}

/* What is accepted */

static void flags(void)
{
	static const uint32_t bad[] = {
		0,
		MAP_SHARED | MAP_ANONYMOUS,
		MAP_FIXED | MAP_ANONYMOUS,
		MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
		MAP_SHARED_VALIDATE | MAP_FIXED | MAP_ANONYMOUS,
		MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS,
		FLAGS | MAP_GROWSDOWN,
	};
	static const uint32_t good[] = {
		FLAGS,
		FLAGS | MAP_POPULATE,
		FLAGS | MAP_NORESERVE,
	};

	begin();
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(fails(create(bad[i], PROT_READ, -1, 0), EINVAL));
		CU_ASSERT(region_mapped(fd) == 0);
	}
	for (size_t i = 0; i < N_TESTS(good); i++) {
		CU_ASSERT(!create(good[i], PROT_READ | PROT_WRITE, -1, 0));
		CU_ASSERT(region_mapped(fd) == PAGE);
		CU_ASSERT(!try_write(at, 'x').signal && at[0] == 'x');
		CU_ASSERT(!region_unmap_range(fd, 0, PAGE));
	}
	end();
}

/* Anonymous memory needs fd -1. A file of msharefs cannot be mapped. */
static void files(void)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	begin();
	CU_ASSERT(fails(create(FLAGS, PROT_READ, 0, 0), EINVAL));
	CU_ASSERT(fails(create(FLAGS, PROT_READ, file, 0), EINVAL));
	CU_ASSERT(fails(create(FLAGS, PROT_READ, -2, 0), EINVAL));
	CU_ASSERT(fails(create(FLAGS & ~MAP_ANONYMOUS, PROT_READ, fd, 0),
			EINVAL));
	CU_ASSERT(fails(create((FLAGS & ~MAP_ANONYMOUS) | MAP_HUGETLB,
			       PROT_READ, file, 0),
			EINVAL));
	/* Neither a file nor anonymous: EINVAL in v2, EBADF in v3. */
	CU_ASSERT(create(FLAGS & ~MAP_ANONYMOUS, PROT_READ, -1, 0) == -1 &&
		  (errno == EBADF || errno == EINVAL));
	CU_ASSERT(region_mapped(fd) == 0);
	close(file);
	end();
}

static void file_offset(void)
{
	begin();
	CU_ASSERT(fails(create(FLAGS, PROT_READ, -1, 1), EINVAL));
	CU_ASSERT(fails(create(FLAGS, PROT_READ, -1, PAGE - 1), EINVAL));
	CU_ASSERT(fails(create(FLAGS, PROT_READ, -1, UINT64_MAX), EINVAL));
	CU_ASSERT(region_mapped(fd) == 0);
	/* Has no effect on anonymous memory. */
	CU_ASSERT(!create(FLAGS, PROT_READ, -1, PAGE));
	CU_ASSERT(!create(FLAGS, PROT_READ, -1, TOP));
	CU_ASSERT(region_mapped(fd) == PAGE && is_all(at, 0, PAGE));
	end();
}

/* Pairs of numbers, each checked against the rules */
static const uint64_t numbers[] = {
	0,	    1,	       PAGE - 1,	  PAGE,
	TOP - PAGE, TOP,       TOP + PAGE,	  UINT64_MAX - 2 * PAGE + 1,
	UINT64_MAX, 2 * PAGE,  UINT64_MAX - PAGE, UINT64_MAX - PAGE + 1,
	PAGE + 1,   1ULL << 30};

/* Returns the size in whole pages, or 0 if the range breaks a rule. */
static uint64_t allowed(uint64_t start, uint64_t where, uint64_t size)
{
	unsigned __int128 whole = ((unsigned __int128)size + PAGE - 1) / PAGE;

	whole *= PAGE;
	if (!size || where % PAGE || where < start ||
	    (unsigned __int128)where + whole > start + align)
		return 0;
	return (uint64_t)whole;
}

static void check_pair(int region, uint64_t start, bool absolute, uint64_t x,
		       uint64_t y)
{
	uint64_t origin = absolute ? start : 0;
	uint64_t bytes = allowed(origin, x, y);

	if (bytes && bytes < align) {
		CU_ASSERT(!(absolute ? v1_add(region, x, y)
				     : region_add(region, x, y)));
		CU_ASSERT(region_mapped(region) == bytes);
	} else if (!bytes) {
		CU_ASSERT(fails(absolute ? v1_add(region, x, y)
					 : region_add(region, x, y),
				EINVAL));
		CU_ASSERT(region_mapped(region) == 0);
		CU_ASSERT(fails(absolute ? v1_unmap(region, x, y)
					 : region_unmap_range(region, x, y),
				EINVAL));
		return;
	}
	CU_ASSERT(!(absolute ? v1_unmap(region, x, y)
			     : region_unmap_range(region, x, y)));
	CU_ASSERT(region_mapped(region) == 0);
}

static void check_pairs(int region, uint64_t start, bool absolute)
{
	uint64_t origin = absolute ? start : 0;

	for (size_t i = 0; i < N_TESTS(numbers); i++) {
		for (size_t j = 0; j < N_TESTS(numbers); j++) {
			uint64_t x = numbers[i], y = numbers[j];

			check_pair(region, start, absolute, x, y);
			/* The same relative to either end of the region. */
			if (!origin)
				x += align;
			check_pair(region, start, absolute, origin + x, y);
			check_pair(region, start, absolute, origin + align - x,
				   y);
		}
	}
}

static void bounds(void)
{
	int region = region_create("f", align);

	check_pairs(region, 0, false);
	check_pairs(region, 0, true);
	close(region);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* Absolute addresses and offsets, both on a region with a start. */
static void bounds_v1(void)
{
	int region = v1_create("f", START, align);

	check_pairs(region, START, true);
	check_pairs(region, START, false);
	CU_ASSERT(fails(v1_add(region, START - PAGE, PAGE), EINVAL));
	CU_ASSERT(fails(v1_add(region, START - PAGE, 2 * PAGE), EINVAL));
	CU_ASSERT(fails(v1_add(region, 0, START + align), EINVAL));
	CU_ASSERT(fails(v1_unmap(region, START - PAGE, 2 * PAGE), EINVAL));
	CU_ASSERT(fails(region_add(region, START, PAGE), EINVAL));
	CU_ASSERT(fails(region_unmap_range(region, START, PAGE), EINVAL));
	close(region);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void size_is_rounded_up(void)
{
	begin();
	CU_ASSERT(!region_add(fd, 0, 1));
	CU_ASSERT(region_mapped(fd) == PAGE && is_all(at, 0, PAGE));
	CU_ASSERT(!region_add(fd, align - 2 * PAGE, PAGE + 1));
	CU_ASSERT(region_mapped(fd) == 3 * PAGE);
	CU_ASSERT(is_all(at + align - 2 * PAGE, 0, 2 * PAGE));
	CU_ASSERT(fails(region_add(fd, align - PAGE, PAGE + 1), EINVAL));
	CU_ASSERT(!region_unmap_range(fd, align - PAGE, 1));
	CU_ASSERT(region_mapped(fd) == 2 * PAGE);
	end();
}

/*
 * Requests of either revision work on either kind of region; the addresses of
 * v1 count from 0 where there is no start.
 */
static void dialects(uint64_t start)
{
	int region = start ? v1_create("f", start, align)
			   : region_create("f", align);
	char *window = region_window(region, align);

	CU_ASSERT_FATAL(window && (!start || window == (char *)start));
	CU_ASSERT(!v1_add(region, start + 4 * MIB, 2 * MIB));
	CU_ASSERT(!region_add(region, 8 * MIB, 2 * MIB));
	CU_ASSERT(region_mapped(region) == 4 * MIB);
	window[4 * MIB] = 'a';
	window[8 * MIB] = 'b';
	CU_ASSERT(!region_unmap_range(region, 4 * MIB, 2 * MIB));
	CU_ASSERT(is_hole(window + 4 * MIB) && window[8 * MIB] == 'b');
	CU_ASSERT(!v1_unmap(region, start + 8 * MIB, 2 * MIB));
	CU_ASSERT(is_hole(window + 8 * MIB) && region_mapped(region) == 0);
	CU_ASSERT(!munmap(window, align));
	close(region);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void dialects_on_v1(void)
{
	dialects(START);
}

static void dialects_on_v2(void)
{
	dialects(0);
}

/* What memory holds */

static void fresh_memory_is_zero(void)
{
	begin();
	CU_ASSERT(is_hole(at));
	CU_ASSERT(!region_add(fd, 0, 8 * MIB) && is_all(at, 0, 8 * MIB));
	memset(at, 'a', 8 * MIB);
	CU_ASSERT(!region_unmap_range(fd, 0, 8 * MIB));
	CU_ASSERT(!region_add(fd, 0, 8 * MIB) && is_all(at, 0, 8 * MIB));
	end();
}

static void many_mappings(void)
{
	const int n = 500;

	begin();
	for (int i = 0; i < n; i++)
		CU_ASSERT(!region_add(fd, (uint64_t)i * 8 * PAGE, PAGE));
	CU_ASSERT(region_mapped(fd) == (uint64_t)n * PAGE);
	for (int i = 0; i < n; i++)
		memset(at + i * 8 * PAGE, 'a' + i % 26, PAGE);
	for (int i = 0; i < n; i += 2)
		CU_ASSERT(
			!region_unmap_range(fd, (uint64_t)i * 8 * PAGE, PAGE));
	CU_ASSERT(region_mapped(fd) == (uint64_t)n / 2 * PAGE);
	for (int i = 1; i < n; i += 2)
		CU_ASSERT(
			is_all(at + i * 8 * PAGE, (char)('a' + i % 26), PAGE));
	for (int i = 0; i < n; i += 2)
		CU_ASSERT(!region_add(fd, (uint64_t)i * 8 * PAGE, PAGE));
	for (int i = 0; i < n; i += 2)
		CU_ASSERT(is_all(at + i * 8 * PAGE, 0, PAGE));
	CU_ASSERT(!region_unmap_range(fd, 0, align) && is_hole(at));
	CU_ASSERT(region_mapped(fd) == 0);
	end();
}

/* MAP_FIXED replaces what is there, and nothing next to it. */
static void mappings_replace(void)
{
	const struct {
		uint64_t from, n;
	} parts[] = {
		{4 * MIB, 4 * MIB},	    /* whole huge pages */
		{3 * MIB, 7 * MIB},	    /* and parts of them */
		{5 * MIB + PAGE, PAGE},	    /* a part of one */
		{6 * MIB - PAGE, 2 * PAGE}, /* across the edge of two */
		{0, 16 * MIB},		    /* everything */
	};

	begin();
	for (size_t i = 0; i < N_TESTS(parts); i++) {
		uint64_t from = parts[i].from, n = parts[i].n;

		CU_ASSERT(!region_add(fd, 0, 16 * MIB));
		memset(at, 'a', 16 * MIB);
		CU_ASSERT(!region_add(fd, from, n));
		CU_ASSERT(is_all(at, 'a', from));
		CU_ASSERT(is_all(at + from, 0, n));
		CU_ASSERT(is_all(at + from + n, 'a', 16 * MIB - from - n));
		CU_ASSERT(region_mapped(fd) == 16 * MIB);
	}
	/* Half over a mapping, half over a hole. */
	CU_ASSERT(!region_add(fd, 15 * MIB, 2 * MIB));
	CU_ASSERT(region_mapped(fd) == 17 * MIB);
	CU_ASSERT(is_all(at + 15 * MIB, 0, 2 * MIB));
	end();
}

/* As for munmap(): the range may have holes, and end inside a mapping. */
static void unmap_any_range(void)
{
	begin();
	CU_ASSERT(!region_unmap_range(fd, 0, align));
	CU_ASSERT(!region_add(fd, 8 * MIB, 8 * MIB));
	memset(at + 8 * MIB, 'a', 8 * MIB);
	CU_ASSERT(!region_unmap_range(fd, 0, 8 * MIB));
	CU_ASSERT(!region_unmap_range(fd, 16 * MIB, 8 * MIB));
	CU_ASSERT(region_mapped(fd) == 8 * MIB);
	CU_ASSERT(!region_unmap_range(fd, 6 * MIB, 4 * MIB)); /* the front */
	CU_ASSERT(is_hole(at + 8 * MIB) && is_hole(at + 10 * MIB - 1));
	CU_ASSERT(!region_unmap_range(fd, 14 * MIB, 4 * MIB)); /* the back */
	CU_ASSERT(is_hole(at + 14 * MIB));
	CU_ASSERT(is_all(at + 10 * MIB, 'a', 4 * MIB));
	CU_ASSERT(!region_add(fd, 14 * MIB, 2 * MIB));
	CU_ASSERT(!region_unmap_range(fd, 12 * MIB, 2 * MIB)); /* the middle */
	CU_ASSERT(is_hole(at + 12 * MIB) && is_hole(at + 14 * MIB - 1));
	CU_ASSERT(is_all(at + 10 * MIB, 'a', 2 * MIB));
	CU_ASSERT(is_all(at + 14 * MIB, 0, 2 * MIB));
	CU_ASSERT(region_mapped(fd) == 4 * MIB);
	CU_ASSERT(!region_unmap_range(fd, 12 * MIB, 2 * MIB)); /* again */
	CU_ASSERT(fails(region_unmap_range(fd, 0, align + PAGE), EINVAL));
	CU_ASSERT(fails(region_unmap_range(fd, align, PAGE), EINVAL));
	CU_ASSERT(fails(region_unmap_range(fd, PAGE, align), EINVAL));
	CU_ASSERT(region_mapped(fd) == 4 * MIB);
	end();
}

/* Pieces of one huge page are mapped and unmapped separately. */
static void pieces_of_a_page(void)
{
	char *two = NULL;

	begin();
	CU_ASSERT(!region_add(fd, 0, PAGE) && !region_add(fd, PAGE, PAGE));
	two = at + PAGE;
	memset(at, 'a', PAGE);
	memset(two, 'b', PAGE);
	CU_ASSERT(!region_unmap_range(fd, 0, PAGE));
	CU_ASSERT(region_mapped(fd) == PAGE && is_all(two, 'b', PAGE));
	CU_ASSERT(!region_add(fd, 0, PAGE));
	CU_ASSERT(is_all(at, 0, PAGE) && is_all(two, 'b', PAGE));
	/* New memory must not show old content. */
	CU_ASSERT(!region_unmap_range(fd, PAGE, PAGE));
	CU_ASSERT(!region_add(fd, PAGE, 4 * PAGE));
	CU_ASSERT(is_all(two, 0, 4 * PAGE));
	memset(two, 'c', 4 * PAGE);
	CU_ASSERT(!region_unmap_range(fd, 2 * PAGE, PAGE));
	CU_ASSERT(is_all(two, 'c', PAGE) && is_all(two + 2 * PAGE, 'c', PAGE));
	CU_ASSERT(!region_unmap_range(fd, 0, 8 * PAGE));
	CU_ASSERT(region_mapped(fd) == 0);
	CU_ASSERT(is_hole(at) && is_hole(two));
	end();
}

/* A huge page is held as long as a piece of it is mapped. */
static void last_piece_frees_page(void)
{
	long before;

	begin();
	before = huge_pages_held();
	CU_ASSERT(!region_add(fd, 2 * MIB - PAGE, 2 * PAGE));
	if (page > PAGE)
		CU_ASSERT(huge_pages_held() == before + 2);
	CU_ASSERT(!region_unmap_range(fd, 2 * MIB - PAGE, PAGE));
	CU_ASSERT(is_hole(at + 2 * MIB - PAGE));
	if (page > PAGE)
		CU_ASSERT(huge_pages_held() == before + 1);
	CU_ASSERT(!region_unmap_range(fd, 2 * MIB, PAGE));
	CU_ASSERT(is_hole(at + 2 * MIB) && huge_pages_held() == before);
	end();
}

/* MAP_HUGETLB: the size is rounded up before the bounds are checked. */
static int add_huge(uint64_t offset, uint64_t size, uint32_t more)
{
	struct mshare_create c = {
		.region_offset = offset,
		.size = size,
		.prot = PROT_READ | PROT_WRITE,
		.flags = FLAGS | MAP_HUGETLB | more,
		.fd = (__u32)-1,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &c);
}

static void huge_pages(void)
{
	begin();
	if (page == PAGE) {
		CU_ASSERT(fails(add_huge(0, 2 * MIB, 0), EINVAL));
		CU_ASSERT(fails(add_huge(0, 2 * MIB, MAP_HUGE_2MB), EINVAL));
		CU_ASSERT(fails(add_huge(0, PAGE, 0), EINVAL));
		CU_ASSERT(region_mapped(fd) == 0);
		end();
		return;
	}
	CU_ASSERT(!add_huge(0, 1, 0) && region_mapped(fd) == page);
	CU_ASSERT(is_all(at, 0, page));
	CU_ASSERT(!add_huge(page, page + 1, MAP_HUGE_2MB));
	CU_ASSERT(region_mapped(fd) == 3 * page);
	CU_ASSERT(!add_huge(align - page, PAGE, 0));
	CU_ASSERT(region_mapped(fd) == 4 * page);
	CU_ASSERT(fails(add_huge(align - page, page + 1, 0), EINVAL));
	CU_ASSERT(fails(add_huge(0, align + 1, 0), EINVAL));
	CU_ASSERT(fails(add_huge(0, UINT64_MAX, 0), EINVAL));
	CU_ASSERT(fails(add_huge(PAGE, page, 0), EINVAL));
	CU_ASSERT(fails(add_huge(0, page, MAP_HUGE_1GB), EINVAL));
	CU_ASSERT(fails(add_huge(0, page, MAP_HUGE_16KB), EINVAL));
	CU_ASSERT(region_mapped(fd) == 4 * page);
	end();
}

static const struct test tests[] = {
	{"flags", flags},
	{"fd", files},
	{"file offset", file_offset},
	{"bounds", bounds},
	{"bounds, v1", bounds_v1},
	{"size is rounded up", size_is_rounded_up},
	{"v1 and v2 requests on a v1 region", dialects_on_v1},
	{"v1 and v2 requests on a v2 region", dialects_on_v2},
	{"fresh memory is zero", fresh_memory_is_zero},
	{"500 mappings", many_mappings},
	{"mappings replace", mappings_replace},
	{"unmap any range", unmap_any_range},
	{"pieces of a huge page", pieces_of_a_page},
	{"the last piece frees the page", last_piece_frees_page},
	{"MAP_HUGETLB", huge_pages},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_mappings", NULL, tests, N_TESTS(tests));
}
