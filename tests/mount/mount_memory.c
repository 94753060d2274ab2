/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 5, want of memory: CREATE_MAPPING fails with ENOMEM
 * when memory is promised, everything is as it was before, and the log says
 * what the pool had.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB (1ULL << 20)
#define HUGE (2 * MIB)
#define LEFT 8 /* huge pages left in the pool */

static uint64_t align, page;
static int fd;
static char *at;

/* Not CU_ASSERT_FATAL, which would leave other mounts behind. */
static bool begin(const char *name)
{
	fd = region_create(name, align);
	at = region_window(fd, align);
	CU_ASSERT(at != NULL);
	return at != NULL;
}

static void end(const char *name)
{
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount(name)));
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

/* The pool */

static long pool_number(const char *name)
{
	char path[128];
	long n = 0;
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-2048kB/%s", name);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%ld", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

static long pool_left(void)
{
	return pool_number("free_hugepages") - pool_number("resv_hugepages") +
	       pool_number("nr_overcommit_hugepages") -
	       pool_number("surplus_hugepages");
}

/* Reserves all of the pool but LEFT pages, without touching them. */
static char *hog(size_t *length)
{
	char *memory;

	*length = (size_t)(pool_left() - LEFT) * HUGE;
	memory = mmap(NULL, *length, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	CU_ASSERT_FATAL(memory != MAP_FAILED && pool_left() == LEFT);
	return memory;
}

/* Asks for too much, over a mapping, holes, and a hole at the end. */
static void check_undone(uint64_t wanted)
{
	long before = huge_pages_held();

	CU_ASSERT(fails(region_add(fd, 0, wanted), ENOMEM));
	CU_ASSERT(region_mapped(fd) == 2 * HUGE);
	CU_ASSERT(is_hole(at) && is_hole(at + HUGE - 1));
	CU_ASSERT(is_all(at + HUGE, 'a', HUGE) && is_hole(at + 2 * HUGE));
	CU_ASSERT(is_all(at + 4 * HUGE, 'a', HUGE) && is_hole(at + 5 * HUGE));
	CU_ASSERT(is_hole(at + wanted - 1));
	CU_ASSERT(huge_pages_held() == before);
}

/* Maps two pages with holes before, between and after them. */
static void fill_some(void)
{
	CU_ASSERT(!region_add(fd, HUGE, HUGE));
	CU_ASSERT(!region_add(fd, 4 * HUGE, HUGE));
	memset(at + HUGE, 'a', HUGE);
	memset(at + 4 * HUGE, 'a', HUGE);
}

static void pool_is_empty(void)
{
	char said[128], *others;
	size_t length;

	if (!begin("f"))
		return;
	if (page == 4096) {
		/* There is no pool of base pages to use up. */
		fill_some();
		CU_ASSERT(region_mapped(fd) == 2 * HUGE);
		end("f");
		return;
	}
	fill_some();
	others = hog(&length);
	CU_ASSERT(!daemon_said("no memory for a mapping"));
	check_undone(32 * HUGE);
	/* 2 of the 32 are mapped already. */
	snprintf(said, sizeof(said),
		 "no memory for a mapping: %llu KiB wanted, %llu KiB free of ",
		 30 * HUGE / 1024, LEFT * HUGE / 1024);
	CU_ASSERT(daemon_said(said));
	CU_ASSERT(daemon_said(", pages of 2048 KiB)"));
	CU_ASSERT(pool_left() == LEFT);
	/* What is left can be used to the last page. */
	CU_ASSERT(!region_add(fd, 8 * HUGE, LEFT * HUGE));
	CU_ASSERT(is_all(at + 8 * HUGE, 0, LEFT * HUGE) && pool_left() == 0);
	CU_ASSERT(fails(region_add(fd, align - 4096, 4096), ENOMEM));
	/* Replacing needs no additional memory. */
	CU_ASSERT(!region_add(fd, 8 * HUGE, LEFT * HUGE));
	CU_ASSERT(!region_unmap_range(fd, 8 * HUGE, LEFT * HUGE));
	munmap(others, length);
	CU_ASSERT(!region_add(fd, 0, 32 * HUGE));
	CU_ASSERT(is_all(at, 0, 32 * HUGE));
	end("f");
}

/* MAP_HUGETLB takes from the same pool. */
static void huge_pages_on_request(void)
{
	struct mshare_create create = {
		.size = 32 * HUGE,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | MAP_HUGETLB,
		.fd = (__u32)-1,
	};
	size_t length;
	char *others;

	if (!begin("f"))
		return;
	if (page == 4096) {
		CU_ASSERT(fails(ioctl(fd, MSHAREFS_CREATE_MAPPING, &create),
				EINVAL));
		end("f");
		return;
	}
	others = hog(&length);
	CU_ASSERT(fails(ioctl(fd, MSHAREFS_CREATE_MAPPING, &create), ENOMEM));
	CU_ASSERT(region_mapped(fd) == 0 && is_hole(at));
	munmap(others, length);
	end("f");
}

/* More than any machine has: it must fail without trying to allocate it. */
static void out_of_all_bounds(void)
{
	const uint64_t size = 1ULL << 46;
	int region = region_create("f", size);
	long before = memory_held();

	CU_ASSERT(!region_add(region, 0, 8192));
	CU_ASSERT(fails(region_add(region, 0, size), ENOMEM));
	CU_ASSERT(region_mapped(region) == 8192);
	CU_ASSERT(memory_held() < before + 64 * 1024);
	CU_ASSERT(daemon_said("no memory for a mapping"));
	close(region);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* -o max_size limits the memory of all regions together */
static void limit_of_mount(void)
{
	int region;

	if (!begin("f"))
		return;
	CU_ASSERT(fails(region_add(fd, 0, 34 * MIB), ENOMEM));
	CU_ASSERT(region_mapped(fd) == 0 && is_hole(at));
	CU_ASSERT(daemon_said("no memory for a mapping: 34816 KiB wanted, "
			      "32768 KiB free of 32768 KiB"));
	fill_some();
	check_undone(32 * HUGE);
	CU_ASSERT(!region_unmap_range(fd, 0, align));
	CU_ASSERT(!region_add(fd, 0, 32 * MIB));
	memset(at, 'a', 32 * MIB);
	CU_ASSERT(fails(region_add(fd, 32 * MIB, 4096), ENOMEM));
	region = region_create("g", align);
	CU_ASSERT(fails(region_add(region, 0, 4096), ENOMEM));
	CU_ASSERT(is_all(at, 'a', 32 * MIB));
	/* Another region can use what one gives back. */
	CU_ASSERT(!region_unmap_range(fd, 0, 2 * MIB));
	CU_ASSERT(!region_add(region, 0, 2 * MIB));
	CU_ASSERT(fails(region_add(fd, 0, 4096), ENOMEM));
	close(region);
	CU_ASSERT(!unlink(in_mount("g")));
	end("f");
}

static bool all_is_free(void *arg)
{
	struct statvfs fs;

	(void)arg;
	return !statvfs(mount_dir, &fs) && fs.f_bfree == fs.f_blocks;
}

/* df shows the limit, and removing a region gives everything back. */
static void limit_in_df(void)
{
	struct statvfs fs;

	if (!begin("f"))
		return;
	CU_ASSERT(!region_add(fd, 0, 6 * MIB));
	CU_ASSERT(!statvfs(mount_dir, &fs));
	CU_ASSERT(fs.f_blocks * fs.f_frsize == 32 * MIB);
	CU_ASSERT(fs.f_bfree * fs.f_frsize == 26 * MIB);
	end("f");
	CU_ASSERT(wait_until(all_is_free, NULL));
	if (!begin("f"))
		return;
	CU_ASSERT(!region_add(fd, 0, 32 * MIB));
	end("f");
}

/* A window keeps an unlinked region and its memory. */
static void limit_and_unlinked(void)
{
	if (!begin("f"))
		return;
	CU_ASSERT(!region_add(fd, 0, 32 * MIB));
	memset(at, 'a', 32 * MIB);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
	usleep(100000); /* the daemon hears of it a little later */
	fd = region_create("g", align);
	CU_ASSERT(fails(region_add(fd, 0, 4096), ENOMEM));
	CU_ASSERT(is_all(at, 'a', 32 * MIB));
	CU_ASSERT(!munmap(at, align));
	CU_ASSERT(wait_until(all_is_free, NULL));
	CU_ASSERT(!region_add(fd, 0, 32 * MIB));
	close(fd);
	CU_ASSERT(!unlink(in_mount("g")));
}

static void limited(void (*run)(void))
{
	CU_ASSERT_FATAL(other_mount_start("max_size=32M"));
	run();
	other_mount_end();
}

static void max_size(void)
{
	limited(limit_of_mount);
}

static void max_size_in_df(void)
{
	limited(limit_in_df);
}

static void max_size_and_unlinked(void)
{
	limited(limit_and_unlinked);
}

/* Memory that was given back a moment ago */

#define ROUNDS 100

static void let_go_in_turn(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int region = region_create("f", align);

		CU_ASSERT(region >= 0 && !region_add(region, 0, 32 * MIB));
		if (i % 2) {
			char *own = region_window(region, align);

			CU_ASSERT(own && !try_write(own, 1).signal);
			CU_ASSERT(!munmap(own, align));
		}
		CU_ASSERT(!unlink(in_mount("f")) && !close(region));
	}
}

static void hold_and_exit(void *arg)
{
	int region = region_create("f", align);

	(void)arg;
	CHILD_ASSERT(region >= 0 && !region_add(region, 0, 32 * MIB));
	CHILD_ASSERT(region_window(region, align) != NULL);
	CHILD_ASSERT(!unlink(in_mount("f")));
}

static void exit_in_turn(void)
{
	for (int i = 0; i < ROUNDS / 2; i++)
		CU_ASSERT(!in_child(hold_and_exit, NULL));
}

static void after_close(void)
{
	limited(let_go_in_turn);
}

static void after_exit(void)
{
	limited(exit_in_turn);
}

/* Limits other than the pool's */

/*
 * Whether the log says that the last request was refused at once, by a limit
 * that is named so.
 */
static void check_refusal(uint64_t size, uint64_t left, const char *limit)
{
	/* What is mapped already is not wanted. */
	const uint64_t wanted = size - (32 * MIB - left);
	long before = memory_held();
	char said[256];

	CU_ASSERT(fails(region_add(fd, 0, size), ENOMEM));
	CU_ASSERT(memory_held() == before);
	snprintf(said, sizeof(said),
		 "no memory for a mapping: %llu KiB wanted, %llu KiB free of "
		 "%llu KiB (",
		 (unsigned long long)wanted / 1024,
		 (unsigned long long)left / 1024, 32 * MIB / 1024);
	CU_ASSERT(daemon_said(said) && daemon_said(limit));
}

static uint64_t left_in_df(void)
{
	struct statvfs fs;

	return statvfs(mount_dir, &fs) ? 0 : fs.f_bfree * fs.f_frsize;
}

static void small_mount(void)
{
	char dir[PATH_MAX], options[PATH_MAX + 64], said[PATH_MAX + 64];

	if (geteuid() || page == 4096) {
		CU_PASS("only root can limit a pool, of huge pages");
		return;
	}
	CU_ASSERT_FATAL(new_dir(dir, "pool") != NULL);
	CU_ASSERT_FATAL(!mount("none", dir, "hugetlbfs", 0, "size=32M"));
	snprintf(options, sizeof(options), "backing=hugetlbfs:%s", dir);
	snprintf(said, sizeof(said), "remount,size=%llu %s", 128 * MIB, dir);
	if (other_mount_start(options)) {
		fd = region_create("f", align);
		CU_ASSERT(left_in_df() == 32 * MIB);
		check_refusal(128 * MIB, 32 * MIB, said);
		CU_ASSERT(!region_add(fd, 0, 2 * MIB));
		CU_ASSERT(left_in_df() == 30 * MIB);
		check_refusal(130 * MIB, 30 * MIB, said);
		close(fd);
		CU_ASSERT(!unlink(in_mount("f")));
		other_mount_end();
	} else {
		CU_FAIL("no mount over the small pool");
	}
	CU_ASSERT(!umount(dir) && !rmdir(dir));
}

/* A cgroup of this test, of whichever version has the controller. */
static struct group {
	char top[PATH_MAX], dir[PATH_MAX];
	bool made_mount, made_control;
	bool second; /* of the two versions */
} group;

static int write_to(const char *dir, const char *name, const char *text)
{
	char path[2 * PATH_MAX];
	int file, err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = open(path, O_WRONLY | O_CLOEXEC);
	err = file < 0 ||
	      write(file, text, strlen(text)) != (ssize_t)strlen(text);
	if (file >= 0)
		close(file);
	return err ? -1 : 0;
}

/* Version 1, which any directory shows if version 2 does not use it. */
static bool find_hierarchy(void)
{
	if (!new_dir(group.top, "cgroup"))
		return false;
	group.made_mount = !mount("none", group.top, "cgroup", 0, "hugetlb") ||
			   !mount("none", group.top, "cgroup2", 0, NULL);
	group.second =
		group.made_mount &&
		!write_to(group.top, "cgroup.subtree_control", "+hugetlb");
	return group.made_mount;
}

static bool group_make(void)
{
	if (!find_hierarchy())
		return false;
	snprintf(group.dir, sizeof(group.dir), "%.4000s/msharefs-test-%d",
		 group.top, getpid());
	return !mkdir(group.dir, 0755) && !access(group.dir, W_OK) &&
	       !write_to(group.dir,
			 group.second ? "hugetlb.2MB.rsvd.max"
				      : "hugetlb.2MB.rsvd.limit_in_bytes",
			 "33554432");
}

static void group_remove(void)
{
	rmdir(group.dir);
	if (group.made_mount)
		umount2(group.top, MNT_DETACH);
	rmdir(group.top);
}

static void join_group(const char *dir)
{
	(void)dir;
	if (write_to(group.dir, "cgroup.procs", "0"))
		_exit(126);
}

static void limited_by_group(void)
{
	char said[PATH_MAX + 64];

	snprintf(said, sizeof(said),
		 " in the daemon's cgroup; as root: echo "
		 "%s >%s/hugetlb.2MB.rsvd.",
		 group.second ? "max" : "-1", group.dir);
	fd = region_create("f", align);
	CU_ASSERT(left_in_df() == 32 * MIB);
	check_refusal(128 * MIB, 32 * MIB, said);
	CU_ASSERT(!region_add(fd, 0, 2 * MIB));
	check_refusal(130 * MIB, 30 * MIB, said);
	CU_ASSERT(!region_add(fd, 2 * MIB, 30 * MIB));
	CU_ASSERT(left_in_df() == 0);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void small_cgroup(void)
{
	if (geteuid() || page == 4096) {
		CU_PASS("only root can limit a cgroup, in huge pages");
		return;
	}
	if (group_make()) {
		before_daemon = join_group;
		if (other_mount_start(NULL)) {
			limited_by_group();
			other_mount_end();
		} else {
			CU_FAIL("no mount in the cgroup");
		}
		before_daemon = NULL;
	} else {
		skip_test("no cgroup with a limit of huge pages");
	}
	group_remove();
}

/*
 * Who asks for more than the pool has takes nothing, so whoever takes a page at
 * that moment gets it.
 */
static void take_one_again_and_again(int go)
{
	int region = region_create("one", align);
	char byte;

	CHILD_ASSERT(region >= 0 && fcntl(go, F_SETFL, O_NONBLOCK) == 0);
	while (read(go, &byte, 1) < 0) {
		CHILD_ASSERT(!region_add(region, 0, page));
		CHILD_ASSERT(!region_unmap_range(region, 0, page));
	}
	CHILD_ASSERT(!close(region) && !unlink(in_mount("one")));
}

static void too_much_takes_nothing(void)
{
	const uint64_t size = 64ULL << 30;
	int region = region_create("large", size), go[2];
	pid_t child;

	CU_ASSERT_FATAL(region >= 0 && !pipe2(go, O_CLOEXEC));
	child = fork();
	if (!child) {
		close(go[1]);
		take_one_again_and_again(go[0]);
		_exit(0);
	}
	for (int i = 0; i < 30; i++)
		CU_ASSERT(fails(region_add(region, 0, size), ENOMEM));
	close(go[1]);
	close(go[0]);
	CU_ASSERT(!wait_for_exit(child));
	CU_ASSERT(!close(region) && !unlink(in_mount("large")));
}

static const struct test tests[] = {
	{"the pool is empty", pool_is_empty},
	{"huge pages on request", huge_pages_on_request},
	{"more than any machine has", out_of_all_bounds},
	{"too much takes nothing", too_much_takes_nothing},
	{"max_size", max_size},
	{"max_size in df", max_size_in_df},
	{"max_size and an unlinked region", max_size_and_unlinked},
	{"at once after close()", after_close},
	{"at once after exit()", after_exit},
	{"size= of hugetlbfs", small_mount},
	{"a cgroup", small_cgroup},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_memory", NULL, tests, N_TESTS(tests));
}
