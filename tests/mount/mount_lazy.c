/* SPDX-License-Identifier: MIT */
/*
 * Tests CREATE_MAPPING with MAP_NORESERVE: memory is allocated at the first
 * touch, wherever that comes from, and not before.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static uint64_t align, page;
static int fd;
static char *at;

static void begin_with(uint64_t size)
{
	fd = region_create("f", size);
	at = region_window(fd, size);
	CU_ASSERT_FATAL(at != NULL);
}

static void begin(void)
{
	begin_with(align);
}

static void end(void)
{
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static int add(uint64_t offset, uint64_t size, int prot, int flags)
{
	return region_add_like(fd, offset, size, prot, flags);
}

static int lazy(uint64_t offset, uint64_t size)
{
	return add(offset, size, RW, MAP_NORESERVE);
}

/* Returns how many pages regions have taken since. For shmem it may lag. */
static long taken_since(long before)
{
	return (memory_held() - before) * 1024 / (long)page;
}

static bool is_hole(char *where)
{
	struct fault f = try_read(where);

	return f.signal == SIGSEGV && f.code == SEGV_MAPERR && f.addr == where;
}

static bool has_huge_pages(void)
{
	return page > 4096;
}

static void nothing_before_a_touch(void)
{
	long before;

	begin();
	before = memory_held();
	CU_ASSERT(!lazy(0, align));
	CU_ASSERT(region_mapped(fd) == align);
	if (has_huge_pages())
		CU_ASSERT(taken_since(before) == 0);
	CU_ASSERT(try_read(at + 3 * page + 5).signal == 0);
	CU_ASSERT(at[3 * page + 5] == 0);
	CU_ASSERT(try_write(at + 7 * page, 'x').signal == 0);
	if (has_huge_pages())
		CU_ASSERT(taken_since(before) == 2);
	CU_ASSERT(!region_unmap_range(fd, 0, align));
	if (has_huge_pages())
		CU_ASSERT(taken_since(before) == 0);
	CU_ASSERT(is_hole(at + 3 * page + 5) && is_hole(at + 7 * page));
	end();
}

static void from_kernel_mode(void)
{
	int zero = open("/dev/zero", O_RDONLY), pipes[2];

	begin();
	CU_ASSERT_FATAL(!pipe(pipes));
	CU_ASSERT(fails(read(zero, at, 16), EFAULT));
	CU_ASSERT(!lazy(0, 4 * page));
	CU_ASSERT(read(zero, at + 5, 16) == 16);
	CU_ASSERT(write(pipes[1], at + page, 16) == 16);
	CU_ASSERT(read(pipes[0], at + 2 * page, 16) == 16);
	CU_ASSERT(fails(read(zero, at + 4 * page, 16), EFAULT));
	close(pipes[0]);
	close(pipes[1]);
	close(zero);
	end();
}

/* Each process sees what others wrote, whoever touched it first. */
static void child_touches(void *arg)
{
	char *own = region_window(fd, align);

	(void)arg;
	CHILD_ASSERT(own && own[0] == 'p' && at[0] == 'p');
	CHILD_ASSERT(at[page] == 0);
	at[page] = 'c';
	own[2 * page] = 'o';
	CHILD_ASSERT(own[page] == 'c' && at[2 * page] == 'o');
	CHILD_ASSERT(is_hole(own + 4 * page) && is_hole(at + 4 * page));
}

static void in_any_process(void)
{
	begin();
	CU_ASSERT(!lazy(0, 4 * page));
	at[0] = 'p';
	CU_ASSERT(!in_child(child_touches, NULL));
	CU_ASSERT(at[page] == 'c' && at[2 * page] == 'o' && at[3 * page] == 0);
	end();
}

/* A window of another process that exists before the mapping is made */
static int to_child[2], to_parent[2];

static void wait_for(int from)
{
	char c;

	CHILD_ASSERT(read(from, &c, 1) == 1);
}

static void other_window(void *arg)
{
	char *own = region_window(fd, align);

	(void)arg;
	CHILD_ASSERT(own && is_hole(own + page));
	CHILD_ASSERT(write(to_parent[1], "1", 1) == 1);
	wait_for(to_child[0]); /* mapped with MAP_NORESERVE */
	CHILD_ASSERT(try_write(own + page, 'l').signal == 0);
	CHILD_ASSERT(write(to_parent[1], "2", 1) == 1);
	wait_for(to_child[0]); /* unmapped */
	CHILD_ASSERT(is_hole(own + page) && is_hole(own + 2 * page));
	CHILD_ASSERT(write(to_parent[1], "3", 1) == 1);
	wait_for(to_child[0]); /* mapped without it */
	CHILD_ASSERT(try_read(own + page).signal == 0 && own[page] == 0);
	CHILD_ASSERT(is_hole(own + 3 * page));
}

static void windows_that_are_there(void)
{
	pid_t child;
	int status;

	begin();
	CU_ASSERT_FATAL(!pipe(to_child) && !pipe(to_parent));
	child = fork();
	if (!child) {
		other_window(NULL);
		_exit(0);
	}
	wait_for(to_parent[0]);
	CU_ASSERT(!lazy(page, 2 * page));
	CU_ASSERT(write(to_child[1], "1", 1) == 1);
	wait_for(to_parent[0]);
	CU_ASSERT(at[page] == 'l');
	CU_ASSERT(!region_unmap_range(fd, page, 2 * page));
	CU_ASSERT(write(to_child[1], "2", 1) == 1);
	wait_for(to_parent[0]);
	CU_ASSERT(!region_add(fd, page, page));
	CU_ASSERT(write(to_child[1], "3", 1) == 1);
	CU_ASSERT(waitpid(child, &status, 0) == child && status == 0);
	for (int i = 0; i < 2; i++) {
		close(to_child[i]);
		close(to_parent[i]);
	}
	end();
}

/* A new mapping has fresh memory, whichever kind replaces which. */
static void replaced(void)
{
	static const struct {
		int first, second;
	} kinds[] = {{0, MAP_NORESERVE},
		     {MAP_NORESERVE, 0},
		     {MAP_NORESERVE, MAP_NORESERVE}};

	for (size_t i = 0; i < N_TESTS(kinds); i++) {
		begin();
		CU_ASSERT(!add(0, 4 * page, RW, kinds[i].first));
		memset(at, 'x', 4 * page);
		CU_ASSERT(!add(page, 2 * page, RW, kinds[i].second));
		CU_ASSERT(at[0] == 'x' && at[page - 1] == 'x');
		CU_ASSERT(at[page] == 0 && at[2 * page] == 0);
		CU_ASSERT(at[3 * page - 1] == 0 && at[3 * page] == 'x');
		end();
	}
}

/* Pages of the backing that a lazy mapping shares with another. */
static void parts_of_pages(void)
{
	const uint64_t small = 4096;
	long before;

	if (!has_huge_pages()) {
		CU_PASS("there are no parts");
		return;
	}
	begin();
	before = memory_held();
	CU_ASSERT(!lazy(0, small) && !lazy(2 * small, small));
	CU_ASSERT(taken_since(before) == 0);
	at[0] = 'a';
	CU_ASSERT(taken_since(before) == 1);
	/* An ordinary mapping in the same page keeps what is there. */
	CU_ASSERT(!region_add(fd, small, small));
	CU_ASSERT(at[0] == 'a' && at[small] == 0);
	at[small] = 'b';
	at[2 * small] = 'c';
	/* A lazy one over it reads as zeros, and the adjacent ones stay. */
	CU_ASSERT(!lazy(small, small));
	CU_ASSERT(at[0] == 'a' && at[small] == 0 && at[2 * small] == 'c');
	CU_ASSERT(!region_unmap_range(fd, 0, 2 * small));
	CU_ASSERT(at[2 * small] == 'c' && taken_since(before) == 1);
	CU_ASSERT(!region_unmap_range(fd, 2 * small, small));
	CU_ASSERT(taken_since(before) == 0 && is_hole(at));
	end();
}

static void read_only(void)
{
	struct fault f;

	begin();
	CU_ASSERT(!add(0, 4 * page, PROT_READ, MAP_NORESERVE));
	f = try_write(at + page + 9, 'x'); /* the first touch is a write */
	CU_ASSERT(f.signal == SIGSEGV && f.code == SEGV_ACCERR);
	CU_ASSERT(f.addr == at + page + 9);
	CU_ASSERT(try_read(at + page + 9).signal == 0 && at[page + 9] == 0);
	f = try_write(at + page + 9, 'x');
	CU_ASSERT(f.signal == SIGSEGV && f.code == SEGV_ACCERR);
	CU_ASSERT(is_hole(at + 4 * page));
	CU_ASSERT(!lazy(0, 4 * page));
	CU_ASSERT(try_write(at + page + 9, 'x').signal == 0);
	end();
}

/* A read-only descriptor makes windows of another kind. */
static void reader(void)
{
	char *own;
	int file;

	begin();
	file = open(in_mount("f"), O_RDONLY);
	own = mmap(NULL, align, PROT_READ, MAP_SHARED, file, 0);
	CU_ASSERT_FATAL(own != MAP_FAILED);
	CU_ASSERT(!lazy(0, 2 * page));
	CU_ASSERT(try_read(own + 7).signal == 0 && own[7] == 0);
	at[7] = 'w';
	CU_ASSERT(own[7] == 'w');
	at[page] = 'v';
	CU_ASSERT(own[page] == 'v');
	CU_ASSERT(is_hole(own + 2 * page));
	CU_ASSERT(!munmap(own, align));
	close(file);
	end();
}

/* A pool of eight pages that nobody else can use. */
static char pool[] = "/tmp/msharefs-pool-XXXXXX";

static void touch_more_than_there_is(void)
{
	int zero = open("/dev/zero", O_RDONLY);
	struct fault f = {0};
	int n = 0;

	begin();
	CU_ASSERT(!lazy(0, align));
	while (n < 20 && !f.signal)
		f = try_write(at + n++ * page + 11, 'x');
	CU_ASSERT(f.signal == SIGBUS && f.code == BUS_ADRERR);
	CU_ASSERT(n == 9 && f.addr == at + 8 * page + 11);
	CU_ASSERT(fails(read(zero, at + 8 * page, 1), EFAULT));
	/* An ordinary mapping fails in advance. */
	CU_ASSERT(fails(region_add(fd, align / 2, page), ENOMEM));
	CU_ASSERT(at[11] == 'x' && at[7 * page + 11] == 'x');
	CU_ASSERT(is_hole(at) == false);
	CU_ASSERT(!region_unmap_range(fd, 0, page));
	CU_ASSERT(try_write(at + 8 * page + 11, 'x').signal == 0);
	close(zero);
	end();
}

/* Touching more than the pool has raises SIGBUS, but nothing else fails. */
static void exhausted_pool(void)
{
	char options[128];

	if (geteuid() || !has_huge_pages()) {
		CU_PASS("only root can limit a pool, of huge pages");
		return;
	}
	CU_ASSERT_FATAL(mkdtemp(pool) != NULL);
	CU_ASSERT_FATAL(!mount("none", pool, "hugetlbfs", 0, "size=16M"));
	snprintf(options, sizeof(options), "backing=hugetlbfs:%s", pool);
	if (other_mount_start(options)) {
		touch_more_than_there_is();
		other_mount_end();
	} else {
		CU_FAIL("no mount over the small pool");
	}
	CU_ASSERT(!umount(pool) && !rmdir(pool));
}

static void inherited(void *arg)
{
	(void)arg;
	CHILD_ASSERT(try_write(at + 5 * page, 'c').signal == 0);
	CHILD_ASSERT(is_hole(at + 8 * page));
}

static void after_fork(void)
{
	begin();
	CU_ASSERT(!lazy(0, 8 * page));
	CU_ASSERT(!in_child(inherited, NULL));
	CU_ASSERT(at[5 * page] == 'c');
	end();
}

/* As often as the program likes, if somebody gives the page back each time. */
static void again_and_again(void)
{
	const struct mshare_change back = {.size = page, .what = MADV_DONTNEED};
	int reader = -1, good = 0;
	char *seen;

	begin();
	CU_ASSERT(!lazy(0, page));
	reader = open(in_mount("f"), O_RDONLY);
	seen = mmap(NULL, align, PROT_READ, MAP_SHARED, reader, 0);
	CU_ASSERT_FATAL(seen != MAP_FAILED);
	for (int i = 0; i < 1500; i++)
		good += !try_read(seen + 8).signal &&
			!ioctl(fd, MSHARE_IOC_ADVISE, &back);
	CU_ASSERT(good == 1500);
	CU_ASSERT(!munmap(seen, align) && !close(reader));
	end();
}

static void touch_with_full_table(void *arg)
{
	const struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
	char *seen = arg;

	CHILD_ASSERT(!setrlimit(RLIMIT_NOFILE, &limit));
	while (dup(0) >= 0)
		;
	CHILD_ASSERT(errno == EMFILE);
	CHILD_ASSERT(!try_read(seen + page).signal && is_hole(seen + 4 * page));
	CHILD_ASSERT(!try_write(at + 2 * page, 'w').signal);
	CHILD_ASSERT(dup(0) < 0 && errno == EMFILE);
}

/* A touch needs no descriptor of the program. */
static void full_table(void)
{
	int reader = -1;
	char *seen;

	begin();
	CU_ASSERT(!lazy(0, 4 * page));
	reader = open(in_mount("f"), O_RDONLY);
	seen = mmap(NULL, align, PROT_READ, MAP_SHARED, reader, 0);
	CU_ASSERT_FATAL(seen != MAP_FAILED);
	CU_ASSERT(!in_child(touch_with_full_table, seen));
	CU_ASSERT(at[2 * page] == 'w');
	CU_ASSERT(!munmap(seen, align) && !close(reader));
	end();
}

static const struct test tests[] = {
	{"nothing before a touch", nothing_before_a_touch},
	{"from kernel mode", from_kernel_mode},
	{"in any process", in_any_process},
	{"windows that are there", windows_that_are_there},
	{"replaced", replaced},
	{"parts of pages", parts_of_pages},
	{"read-only", read_only},
	{"a reader's window", reader},
	{"after fork", after_fork},
	{"again and again", again_and_again},
	{"no descriptor is free", full_table},
	{"exhausted pool", exhausted_pool},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_lazy", NULL, tests, N_TESTS(tests));
}
