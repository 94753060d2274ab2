/* SPDX-License-Identifier: MIT */
/*
 * Ugly arguments: every request with the numbers that sums and roundings trip
 * over, with garbage in fields and padding, with pointers that lead nowhere, on
 * files that are none of its business. What each call must answer is worked out
 * here from doc/interface.md, in arithmetic of 128 bits; afterwards the region
 * is as it was.
 */
#include "harness/calls.h"
#include "harness/harness.h"
#include "common/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define START 0x200000000000ULL
#define TOP (1ULL << 63)
#define LARGEST (1ULL << 47)
#define PAGE 4096ULL
#define FLAGS (MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS)

typedef unsigned __int128 wide;

/* A page of 'u' in the middle of the region, which no number below reaches. */
#define MIDDLE (align / 2)

static uint64_t align, page;
static int fd;
static char *at;
static uint64_t start; /* of the region; 0 for a region of v2 */

/* As in both revisions, with a name for the padding. */
struct raw_create {
	uint64_t at, size, offset;
	uint32_t prot, flags, fd, padding;
};

struct raw_pair {
	uint64_t at, size;
};

_Static_assert(sizeof(struct raw_create) == sizeof(struct mshare_create) &&
		       offsetof(struct raw_create, fd) ==
			       offsetof(struct mshare_create, fd) &&
		       sizeof(struct raw_pair) == sizeof(struct mshare_unmap),
	       "the layouts of <linux/msharefs.h>");

static void open_region(uint64_t region_start)
{
	start = region_start;
	fd = start ? v1_create("f", start, align) : region_create("f", align);
	CU_ASSERT_FATAL(fd >= 0 && !region_add(fd, MIDDLE, page));
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
	memset(at + MIDDLE, 'u', page);
}

static bool is_unchanged(void)
{
	struct stat st;
	uint64_t s, n;

	if (region_mapped(fd) != page || fstat(fd, &st) ||
	    (uint64_t)st.st_size != align || v1_get_size(fd, &s, &n) ||
	    s != start || n != align)
		return false;
	for (uint64_t i = 0; i < page; i++)
		if (at[MIDDLE + i] != 'u')
			return false;
	return try_read(at).signal && try_read(at + align - 1).signal;
}

static void close_region(void)
{
	CU_ASSERT(is_unchanged());
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* Counted: thousands of assertions would hide the one that fails. */
static int wrong;

static void expect_that(bool good, const char *what, uint64_t x, uint64_t y,
			int err)
{
	if (good)
		return;
	if (wrong++ < 10)
		printf("%s(%#llx, %#llx): %s\n", what, (unsigned long long)x,
		       (unsigned long long)y, err ? strerrorname_np(err) : "0");
}

/* Pairs of numbers */

static const uint64_t ugly[] = {
	0,	    1,		PAGE - 1, PAGE,	  PAGE + 1,  TOP - 1,
	TOP,	    TOP + PAGE, -1ULL,	  -PAGE,  -PAGE + 1, -2 * PAGE,
	1ULL << 32, 1ULL << 47, START,	  -START,
};

/* Each number as it is, before the end of the region, and after its start. */
static uint64_t place_of(size_t i, int where)
{
	return where == 0   ? ugly[i]
	       : where == 1 ? start + align - ugly[i]
			    : start + ugly[i];
}

static uint64_t size_of_range(size_t i, uint64_t where)
{
	/* The last size makes the end overflow to exactly 0. */
	return i < N_TESTS(ugly) ? ugly[i] : -where;
}

/* Section 5: whether all of [x, x + y) lies in the region, y in whole pages. */
static bool is_inside(uint64_t origin, uint64_t x, uint64_t y)
{
	wide end = (wide)x + ((wide)y + PAGE - 1) / PAGE * PAGE;

	return y && x % PAGE == 0 && x >= origin && end <= (wide)origin + align;
}

static bool touches_middle(uint64_t origin, uint64_t x, uint64_t y)
{
	return x < origin + MIDDLE + page && x + y > origin + MIDDLE;
}

static int create_errno(unsigned long request, const struct raw_create *c)
{
	return ioctl(fd, request, c) ? errno : 0;
}

static int unmap_errno(unsigned long request, uint64_t x, uint64_t y)
{
	struct raw_pair pair = {x, y};

	return ioctl(fd, request, &pair) ? errno : 0;
}

static void check_range(bool v1, uint64_t x, uint64_t y)
{
	const uint64_t origin = v1 ? start : 0;
	const unsigned long unmap = v1 ? v1_unmap_request : MSHAREFS_UNMAP;
	struct raw_create c = {
		x,	   y, 0, PROT_READ | PROT_WRITE, FLAGS, (uint32_t)-1,
		0xdeadbeef};
	bool inside = is_inside(origin, x, y);
	int err;

	/* This would change the page that must not change. */
	if (inside && touches_middle(origin, x, y))
		return;
	if (!inside || y <= 4 * PAGE) {
		err = create_errno(
			v1 ? v1_create_request : MSHAREFS_CREATE_MAPPING, &c);
		expect_that(err == (inside ? 0 : EINVAL), "CREATE_MAPPING", x,
			    y, err);
	}
	err = unmap_errno(unmap, x, y);
	expect_that(err == (inside ? 0 : EINVAL), "UNMAP", x, y, err);
	expect_that(region_mapped(fd) == page, "left by", x, y, 0);
}

static void check_ranges(uint64_t region_start)
{
	open_region(region_start);
	wrong = 0;
	for (int v1 = 0; v1 < 2; v1++)
		for (int where = 0; where < 3; where++)
			for (size_t i = 0; i < N_TESTS(ugly); i++)
				for (size_t j = 0; j <= N_TESTS(ugly); j++) {
					uint64_t x = place_of(i, where);

					check_range(v1, x, size_of_range(j, x));
				}
	CU_ASSERT(wrong == 0);
	close_region();
}

static void ranges(void)
{
	check_ranges(0);
}

static void ranges_v1(void)
{
	check_ranges(START);
}

/* The other fields */

static const uint32_t ugly_flags[] = {
	0,
	FLAGS,
	MAP_SHARED | MAP_FIXED,
	MAP_SHARED | MAP_ANONYMOUS,
	MAP_FIXED | MAP_ANONYMOUS,
	MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
	MAP_SHARED_VALIDATE | MAP_FIXED | MAP_ANONYMOUS,
	FLAGS | MAP_NORESERVE,
	FLAGS | MAP_GROWSDOWN,
	1U << 31,
	UINT32_MAX,
};

static const uint32_t ugly_fds[] = {
	0, 1, 12345, INT32_MAX, 1U << 31, UINT32_MAX - 1, UINT32_MAX};

static const uint64_t ugly_offsets[] = {0,   1,	      PAGE - 1, PAGE,
					TOP, TOP + 1, -1ULL,	-PAGE};

/* Section 5, for memory at the region's beginning */
static bool is_allowed(const struct raw_create *c)
{
	if ((c->flags & MAP_TYPE) != MAP_SHARED || !(c->flags & MAP_FIXED))
		return false;
	return c->flags & MAP_ANONYMOUS && c->fd == UINT32_MAX &&
	       !(c->flags & MAP_GROWSDOWN) && c->offset % PAGE == 0;
}

static void check_fields(struct raw_create *c)
{
	bool allowed = is_allowed(c);
	int err = create_errno(MSHAREFS_CREATE_MAPPING, c);

	expect_that(err == (allowed ? 0 : EINVAL), "flags, offset", c->flags,
		    c->offset, err);
	expect_that(region_mapped(fd) == page + (allowed ? PAGE : 0), "mapped",
		    c->flags, c->fd, 0);
	if (allowed) {
		err = unmap_errno(MSHAREFS_UNMAP, 0, PAGE);
		expect_that(!err, "UNMAP", 0, PAGE, err);
	}
}

static void fields(void)
{
	static const uint32_t prots[] = {0, PROT_READ, 7, ~7U, UINT32_MAX};

	open_region(0);
	wrong = 0;
	for (size_t i = 0; i < N_TESTS(ugly_flags); i++)
		for (size_t j = 0; j < N_TESTS(ugly_fds); j++)
			for (size_t k = 0; k < N_TESTS(ugly_offsets); k++)
				for (size_t l = 0; l < N_TESTS(prots); l++)
					check_fields(&(struct raw_create){
						.size = PAGE,
						.offset = ugly_offsets[k],
						.prot = prots[l],
						.flags = ugly_flags[i],
						.fd = ugly_fds[j],
						.padding = UINT32_MAX >> l});
	CU_ASSERT(wrong == 0);
	close_region();
}

/* SET_SIZE and similar calls, on regions without a size */

static uint64_t size_now(void)
{
	struct stat st;

	return fstat(fd, &st) ? -1ULL : (uint64_t)st.st_size;
}

static uint64_t shape_number(size_t i)
{
	return i < N_TESTS(ugly)	? ugly[i]
	       : i == N_TESTS(ugly)	? align
	       : i == N_TESTS(ugly) + 1 ? -align
	       : i == N_TESTS(ugly) + 2 ? TOP - align
					: align + PAGE;
}

#define SHAPE_NUMBERS (N_TESTS(ugly) + 4)

/* Checks a call; a region whose size was set is replaced by a new one. */
static void judge(bool allowed, int err, int refusal, const char *what,
		  uint64_t x, uint64_t y)
{
	expect_that(err == (allowed ? 0 : refusal), what, x, y, err);
	expect_that(size_now() == (err ? 0 : y), "size after", x, y, 0);
	if (err)
		return;
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
	fd = region_create("f", 0);
}

/* Section 4. */
static void check_shape(uint64_t x, uint64_t y)
{
	bool size = y && y % align == 0 && y <= LARGEST;
	int too_large =
		y % align == 0 && y > LARGEST && y < TOP ? EFBIG : EINVAL;
	bool both = size && x && x % align == 0 && (wide)x + y <= -1ULL;
	wide end = (wide)x + y;

	judge(both, unmap_errno(v1_set_size_request, x, y), EINVAL, "SET_SIZE",
	      x, y);
	judge(size, ftruncate(fd, (off_t)y) ? errno : 0, too_large, "ftruncate",
	      0, y);
	/*
	 * Too large for any file: the kernel refuses it before the daemon is
	 * asked.
	 */
	judge(size && !x, fallocate(fd, 0, (off_t)x, (off_t)y) ? errno : 0,
	      x < TOP && y < TOP && y && end >= TOP ? EFBIG
	      : x				    ? EINVAL
						    : too_large,
	      "fallocate", x, y);
}

static void shapes(void)
{
	uint64_t s, n;

	fd = region_create("f", 0);
	CU_ASSERT_FATAL(fd >= 0);
	wrong = 0;
	for (size_t i = 0; i < SHAPE_NUMBERS; i++)
		for (size_t j = 0; j < SHAPE_NUMBERS; j++)
			check_shape(shape_number(i), shape_number(j));
	CU_ASSERT(wrong == 0);
	CU_ASSERT(!v1_get_size(fd, &s, &n) && s == 0 && n == 0);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* Pointers */

static const unsigned long *const requests[] = {
	&v1_get_size_request,
	&v1_set_size_request,
	&v1_create_request,
	&v1_unmap_request,
};
#define N_REQUESTS (N_TESTS(requests) + 1)

static unsigned long request_number(size_t i)
{
	return i < N_TESTS(requests) ? *requests[i] : MSHAREFS_CREATE_MAPPING;
}

/* Not with ioctl(): AddressSanitizer's wrapper would read the argument. */
static void check_pointer(char *argument)
{
	for (size_t i = 0; i < N_REQUESTS; i++) {
		long ret = syscall(SYS_ioctl, fd, request_number(i), argument);
		int err = ret ? errno : 0;

		expect_that(err == EFAULT, "pointer", request_number(i),
			    (uintptr_t)argument, err);
	}
}

static void pointers(void)
{
	char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *answer;

	CU_ASSERT_FATAL(two != MAP_FAILED && !munmap(two + PAGE, PAGE));
	open_region(0);
	wrong = 0;
	/* Addresses that no process has: the lowest, and the upper half. */
	for (size_t i = 0; i < N_TESTS(ugly); i++)
		if (ugly[i] < 1ULL << 32 || ugly[i] >= 1ULL << 47)
			check_pointer((char *)ugly[i]);
	check_pointer(two + PAGE);
	for (int n = 1; n < 16; n++)
		check_pointer(two + PAGE - n);
	/* Holes in the window, completely or in part. */
	check_pointer(at);
	check_pointer(at + align - 8);
	check_pointer(at + MIDDLE + page - 8);
	check_pointer(at + MIDDLE - 8);
	CU_ASSERT(wrong == 0);
	/* Mapped memory of a region is a valid argument. */
	answer = (uint64_t *)(at + MIDDLE);
	CU_ASSERT(!ioctl(fd, v1_get_size_request, answer));
	CU_ASSERT(answer[0] == 0 && answer[1] == align);
	/*
	 * The successful call wrote to it, and so did GET_SIZE before a hole.
	 */
	memset(at + MIDDLE, 'u', page);
	munmap(two, PAGE);
	close_region();
}

/* Request numbers */

static bool is_request(unsigned long number)
{
	for (size_t i = 0; i < N_REQUESTS; i++)
		if (number == request_number(i))
			return true;
	return number == MSHARE_IOC_ATTACH;
}

/* All numbers of type 'x', with any direction and some argument sizes. */
static void check_unknown(int file, bool known)
{
	static const unsigned int sizes[] = {0,	 1,  8,	 15, 16,   17,
					     39, 40, 41, 48, 4096, 16383};
	static char argument[16384];

	for (unsigned int nr = 0; nr < 256; nr += nr < 8 ? 1 : 37)
		for (unsigned int dir = 0; dir < 4; dir++)
			for (size_t i = 0; i < N_TESTS(sizes); i++) {
				unsigned long n = _IOC(dir, 'x', nr, sizes[i]);
				int err;

				if (known && is_request(n))
					continue;
				err = ioctl(file, n, argument) ? errno : 0;
				expect_that(err == ENOTTY, "request", n, nr,
					    err);
			}
}

static void unknown_requests(void)
{
	int dir, info = open(in_mount("mshare_info"), O_RDONLY);

	open_region(0);
	CU_ASSERT(!mkdir(in_mount("d"), 0700));
	dir = open(in_mount("d"), O_RDONLY | O_DIRECTORY);
	wrong = 0;
	check_unknown(fd, true);
	check_unknown(dir, false);
	check_unknown(info, false);
	CU_ASSERT(wrong == 0);
	close(dir);
	close(info);
	CU_ASSERT(!rmdir(in_mount("d")));
	close_region();
}

/* Descriptors */

/* Valid and invalid ranges: the descriptor is checked first. */
static void check_refused(int file, int refusal, bool shape_too)
{
	uint64_t s, n;

	CU_ASSERT(fails(region_add(file, 0, PAGE), refusal));
	CU_ASSERT(fails(region_add(file, 1, 0), refusal));
	CU_ASSERT(fails(v1_add(file, 0, PAGE), refusal));
	CU_ASSERT(fails(region_unmap_range(file, MIDDLE, page), refusal));
	CU_ASSERT(fails(region_unmap_range(file, -1ULL, -1ULL), refusal));
	CU_ASSERT(fails(v1_unmap(file, MIDDLE, page), refusal));
	if (shape_too)
		CU_ASSERT(fails(v1_get_size(file, &s, &n), refusal));
}

static void descriptors(void)
{
	int ro, path, wo, info;

	open_region(0);
	ro = open(in_mount("f"), O_RDONLY);
	wo = open(in_mount("f"), O_WRONLY);
	path = open(in_mount("f"), O_PATH);
	info = open(in_mount("mshare_info"), O_RDONLY);
	check_refused(ro, EACCES, false);
	check_refused(path, EBADF, true);
	check_refused(info, ENOTTY, true);
	check_refused(-1, EBADF, true);
	check_refused(12345, EBADF, true);
	CU_ASSERT(fails(ftruncate(path, (off_t)align), EBADF));
	CU_ASSERT(fails(fallocate(path, 0, 0, (off_t)align), EBADF));
	CU_ASSERT(is_unchanged());
	CU_ASSERT(!region_add(wo, 0, PAGE) && !region_unmap_range(wo, 0, PAGE));
	close(ro);
	close(path);
	close(info);
	close(wo);
	close_region();
}

/* An unlinked region still works, and is freed with its last user. */
static void after_unlink(void)
{
	int ro;

	open_region(0);
	ro = open(in_mount("f"), O_RDONLY);
	CU_ASSERT(!unlink(in_mount("f")));
	check_refused(ro, EACCES, false);
	CU_ASSERT(fails(region_add(fd, align, PAGE), EINVAL));
	CU_ASSERT(fails(region_add(fd, -PAGE, PAGE), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, (off_t)align), EINVAL));
	wrong = 0;
	check_pointer(NULL);
	check_unknown(fd, true);
	CU_ASSERT(wrong == 0 && is_unchanged());
	CU_ASSERT(!region_add(fd, 0, PAGE) && at[0] == 0);
	CU_ASSERT(!region_unmap_range(fd, 0, align));
	CU_ASSERT(try_read(at + MIDDLE).signal && region_mapped(fd) == 0);
	close(ro);
	close(fd);
	CU_ASSERT(!munmap(at, align));
}

static const struct test tests[] = {
	{"ranges", ranges},
	{"ranges of a region with a start", ranges_v1},
	{"fields and padding", fields},
	{"sizes and starts", shapes},
	{"pointers", pointers},
	{"unknown requests", unknown_requests},
	{"descriptors", descriptors},
	{"after unlink", after_unlink},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_ugly", NULL, tests, N_TESTS(tests));
}
