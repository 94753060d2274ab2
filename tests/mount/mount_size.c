/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, sections 2 and 4: the numbers of both dialects, how a
 * region gets its size, and what ioctls say that cannot be done.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define START 0x200000000000ULL
#define TOP (1ULL << 63)
#define LARGEST (1ULL << 47)

static uint64_t align;

/* Every request, in all revisions. */
static const unsigned long requests[] = {
	0x80107800, 0x40107801, 0x40287802, 0x40107803, 0x40287800,
};

static void numbers(void)
{
	CU_ASSERT(v1_get_size_request == 0x80107800);
	CU_ASSERT(v1_set_size_request == 0x40107801);
	CU_ASSERT(v1_create_request == 0x40287802);
	CU_ASSERT(v1_unmap_request == 0x40107803);
	CU_ASSERT(MSHAREFS_CREATE_MAPPING == 0x40287800);
	CU_ASSERT(MSHAREFS_UNMAP == 0x40107801);
	CU_ASSERT(sizeof(struct mshare_create) == 40);
	CU_ASSERT(sizeof(struct mshare_unmap) == 16);
	CU_ASSERT(MSHARE_MAGIC == 0x4d534852);
}

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? UINT64_MAX : (uint64_t)st.st_size;
}

static bool has_shape(int fd, uint64_t start, uint64_t size)
{
	uint64_t at, length;

	return !v1_get_size(fd, &at, &length) && at == start &&
	       length == size && size_of(fd) == size;
}

static int unsized(void)
{
	int fd = region_create("f", 0);

	CU_ASSERT_FATAL(fd >= 0 && has_shape(fd, 0, 0));
	return fd;
}

static void finish(int fd)
{
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* v1: SET_SIZE, GET_SIZE */

static void set_size(void)
{
	int fd = unsized(), other = open(in_mount("f"), O_RDONLY);

	CU_ASSERT(!v1_set_size(fd, START, 4 * align));
	CU_ASSERT(has_shape(fd, START, 4 * align));
	CU_ASSERT(has_shape(other, START, 4 * align));
	/*
	 * Only once. The same number now means UNMAP, and this range is
	 * outside.
	 */
	CU_ASSERT(fails(v1_set_size(fd, START, 4 * align), EINVAL));
	CU_ASSERT(fails(v1_set_size(fd, START, align), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, (off_t)(4 * align)), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, (off_t)(8 * align)), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, 0), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, (off_t)(8 * align)), EINVAL));
	CU_ASSERT(has_shape(fd, START, 4 * align));
	close(other);
	finish(fd);
}

/* The smallest start and size: one unit each. */
static void set_size_least(void)
{
	int fd = unsized();

	CU_ASSERT(!v1_set_size(fd, align, align));
	CU_ASSERT(has_shape(fd, align, align));
	CU_ASSERT(fails(v1_set_size(fd, align, align), EINVAL));
	finish(fd);
}

static void set_size_errors(void)
{
	const struct {
		uint64_t start, size;
	} bad[] = {
		{0, 0},
		{START, 0},
		{0, align},
		{START, 1},
		{START, 4096},
		{START, align - 1},
		{START, align + 1},
		{START, align + 4096},
		{START, LARGEST + align},
		{START, 1ULL << 62},
		{START, TOP},
		{START, TOP + align},
		{START, UINT64_MAX},
		{START, UINT64_MAX - align + 1},
		{1, align},
		{4096, align},
		{START + 4096, align},
		{START + align / 2, align},
		{UINT64_MAX, align},
		{UINT64_MAX - align + 1, align}, /* ends at 2^64 */
		{UINT64_MAX - align + 1, 2 * align},
		{TOP, TOP},
		{TOP + align, TOP - align},
		{UINT64_MAX, UINT64_MAX},
	};
	int fd = unsized();

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(fails(v1_set_size(fd, bad[i].start, bad[i].size),
				EINVAL));
		CU_ASSERT(has_shape(fd, 0, 0));
	}
	/* None of the refused calls had an effect. */
	CU_ASSERT(!v1_set_size(fd, START, align));
	CU_ASSERT(has_shape(fd, START, align));
	finish(fd);
}

/* v2, v3: ftruncate(), fallocate() */

static void check_sized_once(int fd)
{
	CU_ASSERT(has_shape(fd, 0, 2 * align));
	CU_ASSERT(fails(ftruncate(fd, (off_t)(2 * align)), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, (off_t)align), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, (off_t)(4 * align)), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, 0), EINVAL));
	CU_ASSERT(fails(truncate(in_mount("f"), (off_t)align), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, (off_t)(2 * align)), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, (off_t)(4 * align)), EINVAL));
	/* That number means UNMAP now, so it cannot set a start either. */
	CU_ASSERT(fails(v1_set_size(fd, START, 2 * align), EINVAL));
	CU_ASSERT(has_shape(fd, 0, 2 * align));
	CU_ASSERT(!region_add(fd, 0, 4096));
}

static void truncate_sets_size(void)
{
	int fd = unsized();

	CU_ASSERT(!ftruncate(fd, (off_t)(2 * align)));
	check_sized_once(fd);
	finish(fd);
	fd = unsized();
	CU_ASSERT(!truncate(in_mount("f"), (off_t)(2 * align)));
	check_sized_once(fd);
	finish(fd);
}

static void truncate_errors(void)
{
	const off_t bad[] = {
		0,
		1,
		4096,
		(off_t)align - 1,
		(off_t)align + 1,
		(off_t)align + 4096,
		(off_t)align + (off_t)align / 2,
		INT64_MAX,
		-1,
		INT64_MIN,
	};
	int fd = unsized();

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(fails(ftruncate(fd, bad[i]), EINVAL));
		CU_ASSERT(has_shape(fd, 0, 0));
	}
	CU_ASSERT(!ftruncate(fd, (off_t)(2 * align)));
	check_sized_once(fd);
	finish(fd);
}

/* As large as an address space: a size costs nothing. */
static void truncate_largest(void)
{
	const uint64_t too_large[] = {LARGEST + align, 1ULL << 62, TOP - align};
	int fd = unsized();

	for (size_t i = 0; i < N_TESTS(too_large); i++) {
		off_t size = (off_t)too_large[i];

		CU_ASSERT(fails(ftruncate(fd, size), EFBIG));
		CU_ASSERT(fails(fallocate(fd, 0, 0, size), EFBIG));
		CU_ASSERT(has_shape(fd, 0, 0));
	}
	CU_ASSERT(!ftruncate(fd, LARGEST));
	CU_ASSERT(has_shape(fd, 0, LARGEST));
	CU_ASSERT(fails(region_add(fd, LARGEST, 4096), EINVAL));
	CU_ASSERT(fails(region_add(fd, LARGEST - 4096, 8192), EINVAL));
	/* What is done to all of it takes as long as there is something. */
	CU_ASSERT(!region_add(fd, LARGEST - 4096, 4096));
	CU_ASSERT(!region_unmap_range(fd, 0, LARGEST));
	CU_ASSERT(!region_add_like(fd, 0, LARGEST, PROT_READ, MAP_NORESERVE));
	CU_ASSERT(region_mapped(fd) == LARGEST);
	CU_ASSERT(!region_unmap_range(fd, 0, LARGEST));
	finish(fd);
}

static void fallocate_sets_size(void)
{
	int fd = unsized();

	CU_ASSERT(!fallocate(fd, 0, 0, (off_t)(2 * align)));
	check_sized_once(fd);
	finish(fd);
	fd = unsized();
	CU_ASSERT(!posix_fallocate(fd, 0, (off_t)(2 * align)));
	check_sized_once(fd);
	finish(fd);
}

static void fallocate_errors(void)
{
	const int modes[] = {
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE,
		FALLOC_FL_INSERT_RANGE,
	};
	const off_t n = (off_t)align;
	int fd = unsized();

	for (size_t i = 0; i < N_TESTS(modes); i++)
		CU_ASSERT(fails(fallocate(fd, modes[i], 0, n), EOPNOTSUPP));
	CU_ASSERT(fails(fallocate(fd, 0, n, n), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 4096, n), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 1, n - 1), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, 0), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, n - 1), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, n + 4096), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, INT64_MAX), EINVAL));
	CU_ASSERT(has_shape(fd, 0, 0));
	CU_ASSERT(!fallocate(fd, 0, 0, 2 * n));
	for (size_t i = 0; i < N_TESTS(modes); i++)
		CU_ASSERT(fails(fallocate(fd, modes[i], 0, n), EOPNOTSUPP));
	check_sized_once(fd);
	CU_ASSERT(region_mapped(fd) == 4096);
	finish(fd);
}

/* Directories and mshare_info have no size to set. */
static void no_region_no_size(void)
{
	int fd = open(mount_dir, O_RDONLY | O_DIRECTORY);

	CU_ASSERT(fails(ftruncate(fd, (off_t)align), EINVAL));
	CU_ASSERT(fails(truncate(mount_dir, (off_t)align), EISDIR));
	CU_ASSERT(fails(fallocate(fd, 0, 0, (off_t)align), EBADF));
	close(fd);
}

/* Before the size is set */

static void ioctls_need_size(void)
{
	int fd = unsized();

	CU_ASSERT(fails(region_add(fd, 0, 4096), EINVAL));
	CU_ASSERT(fails(region_add(fd, START, 4096), EINVAL));
	CU_ASSERT(fails(v1_add(fd, 0, 4096), EINVAL));
	CU_ASSERT(fails(v1_add(fd, START, 4096), EINVAL));
	CU_ASSERT(fails(v1_unmap(fd, 0, 4096), EINVAL));
	CU_ASSERT(fails(v1_unmap(fd, START, align), EINVAL));
	/* This would be SET_SIZE with start 0 and an unaligned size. */
	CU_ASSERT(fails(region_unmap_range(fd, 0, 4096), EINVAL));
	CU_ASSERT(fails(region_unmap_range(fd, 0, align), EINVAL));
	CU_ASSERT(fails(region_unmap_range(fd, 4096, 4096), EINVAL));
	CU_ASSERT(has_shape(fd, 0, 0) && region_mapped(fd) == 0);
	finish(fd);
}

/* 0x40107801 has two meanings, depending on the region's state. */
static void number_with_two_meanings(void)
{
	const struct mshare_unmap shape = {START, align};
	const struct mshare_unmap range = {4096, 4096};
	const struct mshare_unmap start = {START, 4096};
	int fd = unsized();

	CU_ASSERT(!ioctl(fd, 0x40107801, &shape));
	CU_ASSERT(has_shape(fd, START, align));
	CU_ASSERT(!v1_add(fd, START, 16384));
	CU_ASSERT(!ioctl(fd, 0x40107801, &range));
	CU_ASSERT(region_mapped(fd) == 12288);
	CU_ASSERT(fails(ioctl(fd, 0x40107801, &shape), EINVAL));
	CU_ASSERT(fails(ioctl(fd, 0x40107801, &start), EINVAL));
	CU_ASSERT(region_mapped(fd) == 12288);
	CU_ASSERT(has_shape(fd, START, align));
	finish(fd);

	fd = region_create("f", align);
	CU_ASSERT(!region_add(fd, 0, 16384));
	CU_ASSERT(!ioctl(fd, 0x40107801, &range));
	CU_ASSERT(region_mapped(fd) == 12288);
	CU_ASSERT(has_shape(fd, 0, align));
	finish(fd);
}

/* Ioctls that are unknown, or not for this file */

static void check_unknown(int fd)
{
	static const unsigned long unknown[] = {
		0x80107801, 0x40107800, 0x40107802, 0x40287801, 0x40287803,
		0xc0107800, 0x40107804, 0x7800,	    0x7801,	0x40087801,
		0x401078ff, 0x40107701, 0x5401, /* TCGETS */
	};
	char argument[64] = {0};

	for (size_t i = 0; i < N_TESTS(unknown); i++)
		CU_ASSERT(fails(ioctl(fd, unknown[i], argument), ENOTTY));
}

static void unknown_requests(void)
{
	int fd = unsized();

	check_unknown(fd);
	CU_ASSERT(has_shape(fd, 0, 0));
	CU_ASSERT(!v1_set_size(fd, START, align) && !v1_add(fd, START, 4096));
	check_unknown(fd);
	CU_ASSERT(has_shape(fd, START, align));
	CU_ASSERT(region_mapped(fd) == 4096);
	finish(fd);
}

static void not_of_this_file(void)
{
	int info = open(in_mount("mshare_info"), O_RDONLY);
	int dir = open(mount_dir, O_RDONLY | O_DIRECTORY);
	char argument[64] = {0};

	check_unknown(info);
	check_unknown(dir);
	for (size_t i = 0; i < N_TESTS(requests); i++) {
		CU_ASSERT(fails(ioctl(info, requests[i], argument), ENOTTY));
		CU_ASSERT(fails(ioctl(dir, requests[i], argument), ENOTTY));
	}
	close(info);
	close(dir);
}

/* nothing is the first address that cannot be read. */
static void check_bad_pointer(int fd, char *nothing)
{
	for (size_t i = 0; i < N_TESTS(requests); i++) {
		CU_ASSERT(fails(ioctl(fd, requests[i], NULL), EFAULT));
		CU_ASSERT(fails(ioctl(fd, requests[i], nothing), EFAULT));
		CU_ASSERT(fails(ioctl(fd, requests[i], nothing - 8), EFAULT));
	}
}

static void bad_pointers(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = unsized();

	CU_ASSERT_FATAL(pages != MAP_FAILED && !munmap(pages + 4096, 4096));
	check_bad_pointer(fd, pages + 4096);
	CU_ASSERT(has_shape(fd, 0, 0));
	CU_ASSERT(!v1_set_size(fd, START, align) && !v1_add(fd, START, 4096));
	check_bad_pointer(fd, pages + 4096);
	CU_ASSERT(has_shape(fd, START, align));
	CU_ASSERT(region_mapped(fd) == 4096);
	/* GET_SIZE cannot write its result to read-only memory. */
	CU_ASSERT(!mprotect(pages, 4096, PROT_READ));
	CU_ASSERT(fails(ioctl(fd, v1_get_size_request, pages), EFAULT));
	munmap(pages, 4096);
	finish(fd);
}

static void bad_descriptor(void)
{
	uint64_t at, size;

	CU_ASSERT(fails(v1_set_size(-1, START, align), EBADF));
	CU_ASSERT(fails(v1_get_size(-1, &at, &size), EBADF));
	CU_ASSERT(fails(region_add(-1, 0, 4096), EBADF));
	CU_ASSERT(fails(region_unmap_range(-1, 0, 4096), EBADF));
}

static const struct test tests[] = {
	{"the request numbers", numbers},
	{"SET_SIZE", set_size},
	{"SET_SIZE, least region", set_size_least},
	{"SET_SIZE, errors", set_size_errors},
	{"ftruncate", truncate_sets_size},
	{"ftruncate, errors", truncate_errors},
	{"ftruncate, largest region", truncate_largest},
	{"fallocate", fallocate_sets_size},
	{"fallocate, errors", fallocate_errors},
	{"no region, no size", no_region_no_size},
	{"ioctls need a size", ioctls_need_size},
	{"one number with two meanings", number_with_two_meanings},
	{"unknown requests", unknown_requests},
	{"requests to other files", not_of_this_file},
	{"bad pointers", bad_pointers},
	{"bad descriptor", bad_descriptor},
};

static void look(void)
{
	align = mount_align();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_size", NULL, tests, N_TESTS(tests));
}
