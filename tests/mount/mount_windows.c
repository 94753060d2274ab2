/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 6, how a window comes to be: every row of the
 * table, for regions with a start (v1) and without (v2, v3). What becomes of
 * windows afterwards is mount_mapped.c's.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define START 0x200000000000ULL
#define OUT_OF_REACH (1ULL << 47) /* the end of user addresses on x86-64 */
#define RW (PROT_READ | PROT_WRITE)

static uint64_t align;
static int v1, v2; /* a region of each kind, one unit large */
static char *const start = (char *)START;

static void begin(void)
{
	v1 = v1_create("v1", START, align);
	v2 = region_create("v2", align);
	CU_ASSERT_FATAL(v1 >= 0 && v2 >= 0);
	CU_ASSERT(!region_add(v1, 0, 4096) && !region_add(v2, 0, 4096));
}

static void end(void)
{
	close(v1);
	close(v2);
	CU_ASSERT(!unlink(in_mount("v1")) && !unlink(in_mount("v2")));
}

static char *map(void *addr, size_t length, int prot, int flags, int fd)
{
	return mmap(addr, length, prot, flags, fd, 0);
}

static bool is_free(const char *addr, size_t length)
{
	void *at = mmap((void *)addr, length, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE,
			-1, 0);

	if (at != MAP_FAILED)
		munmap(at, length);
	return at == addr;
}

/* Reserves n units of aligned addresses, to be mapped over. */
static char *reserve(size_t n)
{
	char *at = mmap(NULL, (n + 1) * align, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head = align - (uintptr_t)at % align;

	CU_ASSERT_FATAL(at != MAP_FAILED);
	munmap(at, head);
	munmap(at + head + n * align, align - head);
	return at + head;
}

/* Returns whether it is a window: writes through it appear in another one. */
static bool is_window(char *at, int fd)
{
	char *other;
	bool same;

	if (at == MAP_FAILED || (uintptr_t)at % align)
		return false;
	at[1]++;
	if (fd == v1)
		return at == start && at[1] != 0;
	other = region_window(fd, align);
	same = other && other[1] == at[1];
	return same && !munmap(other, align);
}

static bool unmap(char *at)
{
	return !munmap(at, align) && is_free(at, align);
}

/* Rows that are the same for both kinds */

static void no_size(void)
{
	int fd = region_create("f", 0);

	CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, fd), EINVAL));
	CU_ASSERT(
		MAP_FAILS(map(NULL, 4096, PROT_READ, MAP_SHARED, fd), EINVAL));
	CU_ASSERT(MAP_FAILS(map(start, align, RW, MAP_SHARED | MAP_FIXED, fd),
			    EINVAL));
	CU_ASSERT(is_free(start, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void private_mappings(void)
{
	char *at;

	begin();
	at = reserve(1);
	CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_PRIVATE, v1), EINVAL));
	CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_PRIVATE, v2), EINVAL));
	CU_ASSERT(MAP_FAILS(map(NULL, align, PROT_READ, MAP_PRIVATE, v2),
			    EINVAL));
	CU_ASSERT(MAP_FAILS(map(start, align, RW, MAP_PRIVATE | MAP_FIXED, v1),
			    EINVAL));
	CU_ASSERT(MAP_FAILS(map(at, align, RW, MAP_PRIVATE | MAP_FIXED, v2),
			    EINVAL));
	CU_ASSERT(is_free(start, align) && !is_free(at, align));
	CU_ASSERT(!munmap(at, align));
	end();
}

static void lengths(void)
{
	const size_t bad[] = {
		0,
		1,
		4096,
		align / 2,
		align - 4096,
		align + 1,
		align + 4096,
		2 * align,
		SIZE_MAX & ~4095UL,
	};

	begin();
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		void *to_v1 = map(NULL, bad[i], RW, MAP_SHARED, v1);

		/*
		 * mmap() itself fails with ENOMEM if the length is too large.
		 */
		CU_ASSERT(to_v1 == MAP_FAILED &&
			  (errno == EINVAL || bad[i] > 2 * align));
		CU_ASSERT(map(NULL, bad[i], RW, MAP_SHARED, v2) == MAP_FAILED);
		CU_ASSERT(errno == EINVAL || bad[i] > 2 * align);
		CU_ASSERT(is_free(start, align));
	}
	end();
}

/* As everywhere, the length is rounded up to whole pages. */
static void length_is_rounded_up(void)
{
	char *at;

	begin();
	at = map(NULL, align - 4095, RW, MAP_SHARED, v2);
	CU_ASSERT(is_window(at, v2) && unmap(at));
	at = map(NULL, align - 1, RW, MAP_SHARED, v1);
	CU_ASSERT(is_window(at, v1) && unmap(at));
	end();
}

static void offsets(void)
{
	const off_t bad[] = {1, 4096, (off_t)align, (off_t)align * 2, -4096};

	begin();
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(mmap(NULL, align, RW, MAP_SHARED, v1, bad[i]) ==
			  MAP_FAILED);
		CU_ASSERT(errno == EINVAL ||
			  (bad[i] < 0 && errno == EOVERFLOW));
		CU_ASSERT(mmap(NULL, align, RW, MAP_SHARED, v2, bad[i]) ==
			  MAP_FAILED);
		CU_ASSERT(errno == EINVAL ||
			  (bad[i] < 0 && errno == EOVERFLOW));
	}
	CU_ASSERT(MAP_FAILS(mmap(NULL, align - 4096, RW, MAP_SHARED, v2, 4096),
			    EINVAL));
	CU_ASSERT(is_free(start, align));
	end();
}

static void access_modes(void)
{
	static const char *const names[] = {"v1", "v2"};
	char *at;

	begin();
	for (int i = 0; i < 2; i++) {
		int ro = open(in_mount(names[i]), O_RDONLY);
		int wo = open(in_mount(names[i]), O_WRONLY);

		CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, ro),
				    EACCES));
		CU_ASSERT(MAP_FAILS(
			map(NULL, align, PROT_WRITE, MAP_SHARED, ro), EACCES));
		CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, wo),
				    EACCES));
		CU_ASSERT(MAP_FAILS(
			map(NULL, align, PROT_WRITE, MAP_SHARED, wo), EACCES));
		CU_ASSERT(MAP_FAILS(map(NULL, align, PROT_READ, MAP_SHARED, wo),
				    EACCES));
		CU_ASSERT(is_free(start, align));
		at = map(NULL, align, PROT_READ, MAP_SHARED, ro);
		CU_ASSERT_FATAL(at != MAP_FAILED);
		CU_ASSERT(!try_read(at).signal && unmap(at));
		close(ro);
		close(wo);
	}
	end();
}

/* v1: at its start, or nowhere */

static void v1_at_start(void)
{
	char *at;

	begin();
	at = map(NULL, align, RW, MAP_SHARED, v1);
	CU_ASSERT(at == start && is_window(at, v1) && unmap(at));
	at = map(start, align, RW, MAP_SHARED, v1);
	CU_ASSERT(at == start && is_window(at, v1) && unmap(at));
	at = map(start, align, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, v1);
	CU_ASSERT(at == start && is_window(at, v1) && unmap(at));
	at = map(start, align, RW, MAP_SHARED | MAP_FIXED, v1);
	CU_ASSERT(at == start && is_window(at, v1) && unmap(at));
	end();
}

static void v1_elsewhere(void)
{
	char *const bad[] = {start + 1,	       start + 4096, start + align,
			     start - align,    start - 4096, start + 64 * align,
			     (char *)(1 << 20)};

	begin();
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(MAP_FAILS(map(bad[i], align, RW, MAP_SHARED, v1),
				    EINVAL));
		CU_ASSERT(MAP_FAILS(
			map(bad[i], align, RW, MAP_SHARED | MAP_FIXED, v1),
			EINVAL));
		CU_ASSERT(MAP_FAILS(map(bad[i], align, RW,
					MAP_SHARED | MAP_FIXED_NOREPLACE, v1),
				    EINVAL));
	}
	CU_ASSERT(MAP_FAILS(map((char *)-4096L, align, RW, MAP_SHARED, v1),
			    EINVAL));
	/* With MAP_FIXED, NULL is an address like any other. */
	CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED | MAP_FIXED, v1),
			    EINVAL));
	CU_ASSERT(is_free(start - align, 3 * align));
	end();
}

/* A single used page anywhere in the range prevents it. */
static void v1_in_use(void)
{
	char *const places[] = {start, start + 4096 * 100,
				start + align - 4096};

	begin();
	for (size_t i = 0; i < N_TESTS(places); i++) {
		char *page = map(
			places[i], 4096, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1);

		CU_ASSERT_FATAL(page == places[i]);
		page[0] = 'p';
		CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, v1),
				    EEXIST));
		CU_ASSERT(MAP_FAILS(map(start, align, RW, MAP_SHARED, v1),
				    EEXIST));
		CU_ASSERT(MAP_FAILS(map(start, align, RW,
					MAP_SHARED | MAP_FIXED_NOREPLACE, v1),
				    EEXIST));
		CU_ASSERT(page[0] == 'p');
		/* MAP_FIXED replaces it. */
		CU_ASSERT(map(start, align, RW, MAP_SHARED | MAP_FIXED, v1) ==
			  start);
		CU_ASSERT(is_window(start, v1) && unmap(start));
	}
	end();
}

/* A window prevents a second one of the same region. */
static void v1_twice(void)
{
	begin();
	CU_ASSERT(map(NULL, align, RW, MAP_SHARED, v1) == start);
	CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, v1), EEXIST));
	CU_ASSERT(is_window(start, v1));
	CU_ASSERT(map(start, align, RW, MAP_SHARED | MAP_FIXED, v1) == start);
	CU_ASSERT(is_window(start, v1) && unmap(start));
	end();
}

static void v1_no_room(void)
{
	int fd = v1_create("f", OUT_OF_REACH, align);
	int high = v1_create("g", OUT_OF_REACH - align, 2 * align);
	char *at = (char *)OUT_OF_REACH;

	CU_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, fd), ENOMEM));
	CU_ASSERT(MAP_FAILS(map(at, align, RW, MAP_SHARED, fd), ENOMEM));
	CU_ASSERT(MAP_FAILS(map(at, align, RW, MAP_SHARED | MAP_FIXED, fd),
			    ENOMEM));
	CU_ASSERT(
		MAP_FAILS(map(NULL, 2 * align, RW, MAP_SHARED, high), ENOMEM));
	close(fd);
	close(high);
	CU_ASSERT(!unlink(in_mount("f")) && !unlink(in_mount("g")));
}

/* v2, v3: at any aligned address */

static void v2_anywhere(void)
{
	char *at, *other;

	begin();
	at = map(NULL, align, RW, MAP_SHARED, v2);
	other = map(NULL, align, RW, MAP_SHARED, v2);
	CU_ASSERT(is_window(at, v2) && is_window(other, v2) && at != other);
	CU_ASSERT(unmap(at) && unmap(other));
	end();
}

static void v2_hints(void)
{
	const size_t low[] = {1, 4096, align / 2, align - 1};
	char *at, *page;

	begin();
	at = map(start, align, RW, MAP_SHARED, v2);
	CU_ASSERT(at == start && is_window(at, v2) && unmap(at));
	/* The hint is rounded up. */
	for (size_t i = 0; i < N_TESTS(low); i++) {
		at = map(start + low[i], align, RW, MAP_SHARED, v2);
		CU_ASSERT(at == start + align && is_window(at, v2));
		CU_ASSERT(unmap(at));
	}
	/* If only a page of the range is taken, another range is used. */
	page = map(start + align - 4096, 4096, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1);
	CU_ASSERT_FATAL(page == start + align - 4096);
	page[0] = 'p';
	at = map(start, align, RW, MAP_SHARED, v2);
	CU_ASSERT(at != start && is_window(at, v2) && unmap(at));
	CU_ASSERT(page[0] == 'p' && !munmap(page, 4096));
	/* The same for addresses that no process can have. */
	at = map((char *)OUT_OF_REACH, align, RW, MAP_SHARED, v2);
	CU_ASSERT(is_window(at, v2) && unmap(at));
	at = map((char *)-4096L, align, RW, MAP_SHARED, v2);
	CU_ASSERT(is_window(at, v2) && unmap(at));
	end();
}

static void v2_fixed(void)
{
	char *at, *memory;

	begin();
	at = reserve(3);
	/* MAP_FIXED over other memory, a part of a larger mapping. */
	memory = at + align;
	CU_ASSERT(!mprotect(memory - 4096, align + 8192, RW));
	memory[-1] = memory[0] = memory[align] = 'm';
	CU_ASSERT(map(memory, align, RW, MAP_SHARED | MAP_FIXED, v2) == memory);
	CU_ASSERT(is_window(memory, v2) && memory[0] != 'm');
	CU_ASSERT(memory[-1] == 'm' && memory[align] == 'm');
	CU_ASSERT(unmap(memory));
	CU_ASSERT(MAP_FAILS(
		map(at + 4096, align, RW, MAP_SHARED | MAP_FIXED, v2), EINVAL));
	CU_ASSERT(MAP_FAILS(
		map(at + align / 2, align, RW, MAP_SHARED | MAP_FIXED, v2),
		EINVAL));
	CU_ASSERT(!is_free(at, 4096) && memory[-1] == 'm');
	CU_ASSERT(MAP_FAILS(map(start + 4096, align, RW,
				MAP_SHARED | MAP_FIXED_NOREPLACE, v2),
			    EINVAL));
	CU_ASSERT(MAP_FAILS(
		map(at, align, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, v2),
		EEXIST));
	CU_ASSERT(map(memory, align, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
		      v2) == memory);
	CU_ASSERT(is_window(memory, v2) && !munmap(at, 3 * align));
	end();
}

static void limit_and_map(void *arg)
{
	const struct rlimit limit = {align / 2, align / 2};

	unsigned char page;

	(void)arg;
	CHILD_ASSERT(!setrlimit(RLIMIT_AS, &limit));
	CHILD_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, v2), ENOMEM));
	CHILD_ASSERT(MAP_FAILS(map(NULL, align, RW, MAP_SHARED, v1), ENOMEM));
	CHILD_ASSERT(fails(mincore(start, 4096, &page), ENOMEM));
}

static void v2_no_room(void)
{
	int fd = region_create("f", OUT_OF_REACH);

	CU_ASSERT(
		MAP_FAILS(map(NULL, OUT_OF_REACH, RW, MAP_SHARED, fd), ENOMEM));
	CU_ASSERT(MAP_FAILS(map((char *)align, OUT_OF_REACH, RW,
				MAP_SHARED | MAP_FIXED, fd),
			    ENOMEM));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
	begin();
	CU_ASSERT(MAP_FAILS(map((char *)OUT_OF_REACH, align, RW,
				MAP_SHARED | MAP_FIXED, v2),
			    ENOMEM));
	CU_ASSERT(!in_child(limit_and_map, NULL));
	end();
}

/* The largest region possible, and some smaller ones */
static void large_regions(void)
{
	for (uint64_t n = 2; n <= 1ULL << 16; n *= 8) {
		int fd = region_create("f", n * align);
		char *at = region_window(fd, n * align);

		CU_ASSERT_FATAL(at != NULL);
		CU_ASSERT((uintptr_t)at % align == 0);
		CU_ASSERT(!region_add(fd, (n - 1) * align, 4096));
		CU_ASSERT(!try_write(at + (n - 1) * align, 'x').signal);
		CU_ASSERT(try_read(at).signal == SIGSEGV);
		CU_ASSERT(!munmap(at, n * align));
		close(fd);
		CU_ASSERT(!unlink(in_mount("f")));
	}
}

/* Without the preload */

static long raw_mmap(int prot, int flags, int fd)
{
	return syscall(SYS_mmap, NULL, align, prot, flags, fd, 0L);
}

static void without_preload(void)
{
	int ro;

	begin();
	ro = open(in_mount("v2"), O_RDONLY);
	CU_ASSERT(fails(raw_mmap(RW, MAP_SHARED, v2), ENODEV));
	CU_ASSERT(fails(raw_mmap(PROT_READ, MAP_SHARED, v2), ENODEV));
	CU_ASSERT(fails(raw_mmap(PROT_READ, MAP_SHARED, ro), ENODEV));
	CU_ASSERT(fails(raw_mmap(RW, MAP_SHARED, v1), ENODEV));
	close(ro);
	end();
}

static const struct test tests[] = {
	{"no size yet", no_size},
	{"MAP_PRIVATE", private_mappings},
	{"other lengths", lengths},
	{"a length is rounded up", length_is_rounded_up},
	{"other offsets", offsets},
	{"access modes", access_modes},
	{"v1: at its start", v1_at_start},
	{"v1: elsewhere", v1_elsewhere},
	{"v1: range in use", v1_in_use},
	{"v1: twice", v1_twice},
	{"v1: no room", v1_no_room},
	{"v2: anywhere", v2_anywhere},
	{"v2: hints", v2_hints},
	{"v2: MAP_FIXED", v2_fixed},
	{"v2: no room", v2_no_room},
	{"large regions", large_regions},
	{"without the preload", without_preload},
};

static void look(void)
{
	align = mount_align();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_windows", NULL, tests, N_TESTS(tests));
}
