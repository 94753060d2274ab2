/* SPDX-License-Identifier: MIT */
/*
 * Tests the kernel series' alignment, 512 GiB, on a machine with far less
 * memory.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIT (512ULL << 30)
#define GIB (1ULL << 30)
#define RW (PROT_READ | PROT_WRITE)
#define START (72 * UNIT)
#define PAGES 64 /* of memory, for counting page tables */

static uint64_t page;

static bool is_hole(const char *byte)
{
	struct fault f = try_read(byte);

	return f.signal == SIGSEGV && f.code == SEGV_MAPERR;
}

static char *window_at(uint64_t addr, uint64_t size, int flags, int fd)
{
	return mmap((void *)addr, size, RW, MAP_SHARED | flags, fd, 0);
}

static void info(void)
{
	char text[32] = "";
	int fd = open(in_mount("mshare_info"), O_RDONLY);

	CU_ASSERT(read(fd, text, sizeof(text)) == 13);
	CU_ASSERT(!strcmp(text, "549755813888\n"));
	close(fd);
}

static void sizes(void)
{
	int fd = region_create("f", 0);
	struct stat st;

	CU_ASSERT(fails(ftruncate(fd, GIB), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, UNIT - GIB), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, UNIT + GIB), EINVAL));
	CU_ASSERT(fails(fallocate(fd, 0, 0, UNIT / 2), EINVAL));
	CU_ASSERT(fails(v1_set_size(fd, START, UNIT / 2), EINVAL));
	CU_ASSERT(fails(v1_set_size(fd, START + GIB, UNIT), EINVAL));
	CU_ASSERT(fails(v1_set_size(fd, UNIT / 2, UNIT), EINVAL));
	CU_ASSERT(!ftruncate(fd, 3 * UNIT));
	CU_ASSERT(!fstat(fd, &st) && (uint64_t)st.st_size == 3 * UNIT);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* Several regions at once */

#define REGIONS 4

static void several_regions(void)
{
	static const char *const names[REGIONS] = {"a", "b", "c", "d"};
	static const uint64_t sizes[REGIONS] = {UNIT, 2 * UNIT, UNIT, 4 * UNIT};
	char *at[REGIONS];
	int fd[REGIONS];

	for (int i = 0; i < REGIONS; i++) {
		fd[i] = region_create(names[i], sizes[i]);
		at[i] = region_window(fd[i], sizes[i]);
		CU_ASSERT_FATAL(at[i] && (uintptr_t)at[i] % UNIT == 0);
		CU_ASSERT(!region_add(fd[i], 0, page));
		CU_ASSERT(!region_add(fd[i], sizes[i] - page, page));
		at[i][0] = at[i][sizes[i] - 1] = (char)(i + 1);
	}
	for (int i = 0; i < REGIONS; i++) {
		CU_ASSERT(at[i][0] == i + 1 && at[i][sizes[i] - 1] == i + 1);
		CU_ASSERT(is_hole(at[i] + page));
		CU_ASSERT(is_hole(at[i] + sizes[i] / 2));
		CU_ASSERT(is_hole(at[i] + sizes[i] - page - 1));
		CU_ASSERT(region_mapped(fd[i]) == 2 * page);
	}
	for (int i = 0; i < REGIONS; i++) {
		CU_ASSERT(!munmap(at[i], sizes[i]) && !close(fd[i]));
		CU_ASSERT(!unlink(in_mount(names[i])));
	}
}

/* Addresses of windows */

static void v1_starts(void)
{
	int one = v1_create("one", START, UNIT);
	int two = v1_create("two", START + UNIT, 2 * UNIT);
	char *at;

	CU_ASSERT_FATAL(one >= 0 && two >= 0);
	at = window_at(0, UNIT, 0, one);
	CU_ASSERT_FATAL(at == (char *)START);
	CU_ASSERT(window_at(START + UNIT, 2 * UNIT, 0, two) == at + UNIT);
	CU_ASSERT(MAP_FAILS(window_at(START, UNIT, 0, one), EEXIST));
	CU_ASSERT(MAP_FAILS(window_at(START + GIB, UNIT, 0, one), EINVAL));
	CU_ASSERT(!v1_add(one, START + UNIT - page, page));
	CU_ASSERT(!v1_add(two, START + UNIT, page));
	CU_ASSERT(!v1_add(two, START + 3 * UNIT - page, page));
	CU_ASSERT(fails(v1_add(two, START + 3 * UNIT, page), EINVAL));
	/* across the two adjacent windows */
	memset(at + UNIT - page, 'x', 2 * page);
	CU_ASSERT(at[3 * UNIT - 1] == 0 && is_hole(at + UNIT + page));
	CU_ASSERT(!v1_unmap(one, START, UNIT) && is_hole(at + UNIT - 1));
	CU_ASSERT(at[UNIT] == 'x');
	CU_ASSERT(!munmap(at, 3 * UNIT));
	close(one);
	close(two);
	CU_ASSERT(!unlink(in_mount("one")) && !unlink(in_mount("two")));
}

static void v2_addresses(void)
{
	int fd = region_create("f", UNIT);
	char *at, *other;

	at = window_at(START, UNIT, MAP_FIXED, fd);
	CU_ASSERT_FATAL(at == (char *)START);
	CU_ASSERT(
		MAP_FAILS(window_at(START + GIB, UNIT, MAP_FIXED, fd), EINVAL));
	CU_ASSERT(MAP_FAILS(
		window_at(START + 5 * UNIT / 2, UNIT, MAP_FIXED_NOREPLACE, fd),
		EINVAL));
	CU_ASSERT(MAP_FAILS(window_at(START, UNIT, MAP_FIXED_NOREPLACE, fd),
			    EEXIST));
	/* A hint is rounded up: first to a used address, then to a free one. */
	other = window_at(START - GIB, UNIT, 0, fd);
	CU_ASSERT_FATAL(other != MAP_FAILED && other != at);
	CU_ASSERT((uintptr_t)other % UNIT == 0 && !munmap(other, UNIT));
	other = window_at(START + GIB, UNIT, 0, fd);
	CU_ASSERT(other == at + UNIT);
	CU_ASSERT(!region_add(fd, UNIT - page, page));
	at[UNIT - 1] = 'x';
	CU_ASSERT(other[UNIT - 1] == 'x' && is_hole(other));
	CU_ASSERT(!munmap(at, 2 * UNIT));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* At the end of a region */

static int far_fd;
static char *far_at;

static void begin(void)
{
	far_fd = region_create("far", 2 * UNIT);
	far_at = region_window(far_fd, 2 * UNIT);
	CU_ASSERT_FATAL(far_at != NULL);
}

static void end(void)
{
	CU_ASSERT(!munmap(far_at, 2 * UNIT));
	close(far_fd);
	CU_ASSERT(!unlink(in_mount("far")));
}

static void at_the_far_end(void)
{
	const uint64_t last = 2 * UNIT - page;

	begin();
	CU_ASSERT(fails(region_add(far_fd, 2 * UNIT, page), EINVAL));
	CU_ASSERT(fails(region_add(far_fd, last, page + 1), EINVAL));
	CU_ASSERT(!region_add(far_fd, last - page, 2 * page));
	far_at[last] = 'x';
	CU_ASSERT(!region_unmap_range(far_fd, last, page));
	CU_ASSERT(is_hole(far_at + last) && far_at[last - 1] == 0);
	CU_ASSERT(!region_add_like(far_fd, last, page, PROT_READ, 0));
	CU_ASSERT(far_at[last] == 0);
	CU_ASSERT(try_write(far_at + last, 1).signal == SIGSEGV);
	CU_ASSERT(!try_write(far_at + last - 1, 1).signal);
	CU_ASSERT(!region_add_like(far_fd, last, page, RW, 0));
	far_at[last] = 'w';
	CU_ASSERT(!region_unmap_range(far_fd, last - page, page));
	CU_ASSERT(far_at[last] == 'w' && is_hole(far_at + last - 1));
	CU_ASSERT(region_mapped(far_fd) == page);
	CU_ASSERT(!region_unmap_range(far_fd, 0, 2 * UNIT));
	CU_ASSERT(region_mapped(far_fd) == 0 && is_hole(far_at + last));
	end();
}

static void in_other_process(void *arg)
{
	char *own = region_window(far_fd, 2 * UNIT);
	uint64_t last = *(uint64_t *)arg;

	CHILD_ASSERT(own && own != far_at && own[last] == 'w');
	CHILD_ASSERT(try_write(own + last - 1, 1).signal == SIGSEGV);
	CHILD_ASSERT(try_write(far_at + last - 1, 1).signal == SIGSEGV);
	CHILD_ASSERT(own[last - 1] == 0);
	CHILD_ASSERT(try_read(own + last - page - 1).signal == SIGSEGV);
	CHILD_ASSERT(!region_add_like(far_fd, last, page, PROT_READ, 0));
	CHILD_ASSERT(try_write(own + last, 1).signal == SIGSEGV);
	CHILD_ASSERT(try_write(far_at + last, 1).signal == SIGSEGV);
	CHILD_ASSERT(!region_add_like(far_fd, last - page, page, RW, 0));
	own[last - 1] = 'c';
}

/* A new window gets the current protections; existing ones are changed. */
static void in_two_processes(void)
{
	uint64_t last = 2 * UNIT - page;

	begin();
	CU_ASSERT(!region_add(far_fd, last, page));
	far_at[last] = 'w';
	CU_ASSERT(!region_add_like(far_fd, last - page, page, PROT_READ, 0));
	CU_ASSERT(far_at[last - 1] == 0);
	CU_ASSERT(try_write(far_at + last - 1, 1).signal == SIGSEGV);
	CU_ASSERT(
		!region_add_like(far_fd, last - 2 * page, page, PROT_NONE, 0));
	CU_ASSERT(try_read(far_at + last - page - 1).code == SEGV_ACCERR);
	CU_ASSERT(!in_child(in_other_process, &last));
	CU_ASSERT(far_at[last - 1] == 'c' && far_at[last] == 0);
	CU_ASSERT(try_write(far_at + last, 1).signal == SIGSEGV);
	end();
}

/* A mapping larger than memory: only touched pages are allocated. */

static void touch_from_child(void *arg)
{
	const char *own = region_window(far_fd, 2 * UNIT);
	int zero = open("/dev/zero", O_RDONLY);

	(void)arg;
	for (uint64_t o = 0; o < UNIT; o += UNIT / 8) {
		CHILD_ASSERT(own[o] == 'u' && far_at[o] == 'u');
		CHILD_ASSERT(own[o + page] == 'k');
		CHILD_ASSERT(far_at[o + 3 * page] == 0);
		far_at[o + 4 * page] = 'c';
		CHILD_ASSERT(read(zero, far_at + o + 5 * page, 1) == 1);
		far_at[o + 5 * page] = 'd';
	}
	CHILD_ASSERT(is_hole(own + UNIT) && is_hole(far_at + UNIT));
}

static void touch_here_and_there(void)
{
	int text = memfd_create("text", MFD_CLOEXEC);

	CU_ASSERT(write(text, "k", 1) == 1);
	for (uint64_t o = 0; o < UNIT; o += UNIT / 8) {
		CU_ASSERT(!try_write(far_at + o, 'u').signal);
		CU_ASSERT(pread(text, far_at + o + page, 1, 0) == 1);
	}
	CU_ASSERT(!try_write(far_at + UNIT - 1, 'u').signal);
	close(text);
	CU_ASSERT(is_hole(far_at + UNIT));
	CU_ASSERT(!in_child(touch_from_child, NULL));
	for (uint64_t o = 0; o < UNIT; o += UNIT / 8)
		CU_ASSERT(far_at[o + 4 * page] == 'c' &&
			  far_at[o + 5 * page] == 'd');
}

static void lazy_and_larger_than_memory(void)
{
	long before = huge_pages_held();

	begin();
	/* Without MAP_NORESERVE it must fail. */
	CU_ASSERT(fails(region_add_like(far_fd, 0, UNIT, RW, 0), ENOMEM));
	CU_ASSERT(is_hole(far_at) && is_hole(far_at + UNIT - 1));
	CU_ASSERT(!region_add_like(far_fd, 0, UNIT, RW, MAP_NORESERVE));
	CU_ASSERT(huge_pages_held() == before);
	CU_ASSERT(region_mapped(far_fd) == UNIT);
	touch_here_and_there();
	if (page > 1 << 20)
		CU_ASSERT(huge_pages_held() == before + 8 * 5 + 1);
	/* A part of it anew, and another part gone */
	CU_ASSERT(!region_add_like(far_fd, 0, page, RW, MAP_NORESERVE));
	CU_ASSERT(far_at[0] == 0 && far_at[page] == 'k');
	CU_ASSERT(!region_unmap_range(far_fd, UNIT / 8, page));
	CU_ASSERT(is_hole(far_at + UNIT / 8));
	CU_ASSERT(far_at[UNIT / 8 + page] == 'k');
	CU_ASSERT(!region_unmap_range(far_fd, 0, UNIT));
	CU_ASSERT(huge_pages_held() == before);
	CU_ASSERT(is_hole(far_at) && is_hole(far_at + UNIT - 1));
	end();
}

/* Page tables */

UNINSTRUMENTED static void count_faults(void *arg)
{
	volatile char *own = region_window(far_fd, 2 * UNIT);
	uint64_t from = *(const uint64_t *)arg;
	struct rusage before, after;
	long faults;

	CHILD_ASSERT(own != NULL);
	getrusage(RUSAGE_SELF, &before);
	for (uint64_t i = 0; i < PAGES; i++)
		own[from + i * page] = 1;
	getrusage(RUSAGE_SELF, &after);
	faults = after.ru_minflt - before.ru_minflt;
	CHILD_ASSERT(mount_shares() ? faults >= 1 && faults <= 3
				    : faults >= PAGES / 16);
}

static void tables_are_shared(void)
{
	uint64_t from = 2 * UNIT - GIB;

	begin();
	CU_ASSERT(!region_add(far_fd, from, PAGES * page));
	CU_ASSERT(!in_child(count_faults, &from));
	CU_ASSERT(!region_unmap_range(far_fd, from, PAGES * page));
	/* So do lazy ones, after the first touch in any process. */
	CU_ASSERT(!region_add_like(far_fd, 0, UNIT, RW, MAP_NORESERVE));
	from = UNIT - GIB;
	for (uint64_t i = 0; i < PAGES; i++)
		far_at[from + i * page] = 1;
	CU_ASSERT(!in_child(count_faults, &from));
	end();
}

static const struct test tests[] = {
	{"mshare_info", info},
	{"sizes", sizes},
	{"several regions", several_regions},
	{"v1: starts", v1_starts},
	{"v2: addresses", v2_addresses},
	{"at the far end", at_the_far_end},
	{"in two processes", in_two_processes},
	{"lazy, and larger than memory", lazy_and_larger_than_memory},
	{"page tables", tables_are_shared},
};

static void look(void)
{
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_align", "align=512G", tests,
			       N_TESTS(tests));
}
