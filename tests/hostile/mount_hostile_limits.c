/* SPDX-License-Identifier: MIT */
/*
 * Users who take all they can of what the daemon has only so many of, or who
 * make it work and wait as long as they can. Meanwhile another user creates,
 * attaches, changes and unlinks: none of his calls fails, and none hangs.
 *
 * Root's daemon, and two ordinary users; run as an ordinary user, there is no
 * other user to harm.
 */
#include "harness/calls.h"
#include "common/protocol.h"
#include "harness/harness.h"
#include "hostile/hostile.h"
#include "hostile/raw_client.h"

#include <errno.h>
#include <fcntl.h>
#include <mshare_ioctl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The hostile one */

static int hostile_region(uint64_t size)
{
	int fd = region_create("hostile", size);

	CHILD_ASSERT(fd >= 0);
	return fd;
}

/* All areas of the daemon's address space (vm.max_map_count). */
static void make_pieces(void)
{
	int fd = hostile_region(1ULL << 38), n = 0;

	while (!region_add_like(fd, (uint64_t)n * 4 * page, page, RW,
				MAP_NORESERVE))
		n++;
	CHILD_ASSERT(errno == ENOMEM && n >= 1000 && n < 33000);
	/* What is there can be changed and removed. */
	CHILD_ASSERT(!region_unmap_range(fd, 0, page));
	CHILD_ASSERT(!region_add_like(fd, 0, page, RW, MAP_NORESERVE));
	attack_has_begun();
}

static void pieces(void)
{
	static const struct attack attack = {make_pieces, HOSTILE, NULL,
					     "-o user_mappings=N sets it"};

	under_attack(&attack);
}

/* Memory for names; the quota is small here. */
static void make_files(void)
{
	char name[32];
	int n = 0, err = 0, fd;

	CHILD_ASSERT(!mkdir(in_mount("hostile"), 0700));
	while (!err && n < 1000) {
		snprintf(name, sizeof(name), "hostile/%d", n);
		fd = open(in_mount(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		err = fd < 0 ? errno : 0;
		if (!err)
			close(fd);
		n += !err;
	}
	CHILD_ASSERT(err == EDQUOT && n == 100 - 1);
	CHILD_ASSERT(fails(mkdir(in_mount("hostile/d"), 0700), EDQUOT));
	CHILD_ASSERT(fails(link(in_mount("hostile/0"), in_mount("hostile/l")),
			   EDQUOT));
	CHILD_ASSERT(!unlink(in_mount("hostile/0")));
	CHILD_ASSERT(!link(in_mount("hostile/1"), in_mount("hostile/l")));
	CHILD_ASSERT(!unlink(in_mount("hostile/l")));
	attack_has_begun();
}

static void remove_files(void)
{
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "hostile/%d", i);
		unlink(in_mount(name));
	}
	rmdir(in_mount("hostile"));
}

static void files(void)
{
	static const struct attack attack = {make_files, HOSTILE, NULL,
					     "-o user_inodes=N sets it"};

	if (geteuid() == 0)
		CU_ASSERT_FATAL(
			other_mount_start("allow_other,user_inodes=100"));
	under_attack(&attack);
	if (geteuid() == 0) {
		remove_files();
		other_mount_end();
	}
}

/* The room for extended attributes of all files */
static void make_attributes(void)
{
	static char value[60000];
	char name[32];
	int fd = hostile_region(0), n = 0;

	do
		snprintf(name, sizeof(name), "user.%d", n++);
	while (!fsetxattr(fd, name, value, sizeof(value), 0));
	CHILD_ASSERT(errno == EDQUOT && n > 50 && n < 80);
	/* Names, of which listxattr() returns 64 KiB. */
	CHILD_ASSERT(!fremovexattr(fd, "user.0"));
	attack_has_begun();
}

static void attributes(void)
{
	static const struct attack attack = {make_attributes, HOSTILE, NULL,
					     "-o user_xattrs=N sets it"};

	under_attack(&attack);
}

/* Descriptors of the daemon: regions with memory take two each. */
static void make_regions(void)
{
	char name[32];
	int n = 0, err = 0, fd;

	while (!err && n < 1000) {
		snprintf(name, sizeof(name), "hostile%d", n++);
		fd = region_create(name, align);
		CHILD_ASSERT(fd >= 0 && !unlink(in_mount(name)));
		err = region_add_like(fd, 0, page, RW, MAP_NORESERVE) ? errno
								      : 0;
	}
	CHILD_ASSERT(err == EDQUOT && n == 21);
	attack_has_begun();
}

static void regions(void)
{
	static const struct attack attack = {make_regions, HOSTILE, NULL,
					     "-o user_descriptors=N sets it"};

	if (geteuid() == 0)
		CU_ASSERT_FATAL(
			other_mount_start("allow_other,user_descriptors=40"));
	under_attack(&attack);
	if (geteuid() == 0)
		other_mount_end();
}

/*
 * Threads of the daemon: many change a region, and each change waits for
 * windows that never come.
 */
static int dawdled;

static void *dawdle(void *arg)
{
	for (;;)
		wait_for_end(ask_for_window(dawdled, -1));
	return arg;
}

static void make_threads_wait(void)
{
	pthread_t thread;

	dawdled = hostile_region(align);
	CHILD_ASSERT(!region_add_like(dawdled, 0, page, PROT_READ, 0));
	for (int i = 0; i < 3; i++)
		CHILD_ASSERT(!pthread_create(&thread, NULL, dawdle, NULL));
	begin_to_change(dawdled, 80);
	sleep(2);
	attack_has_begun();
}

static void waiting(void)
{
	static const struct attack attack = {make_threads_wait, HOSTILE, NULL,
					     "a change waits for that"};

	under_attack(&attack);
}

/* The region's lock: a region as large as can be, asked about and unmapped */
static void *ask(void *arg)
{
	struct mshare_status_maps maps = {.version = MSHARE_STATUS_VERSION};

	for (;;) {
		maps.from = 0;
		ioctl(dawdled, MSHARE_IOC_MAPS, &maps);
	}
	return arg;
}

static void *clear(void *arg)
{
	for (;;) {
		region_add_like(dawdled, 0, 1ULL << 46, RW, MAP_NORESERVE);
		region_add(dawdled, 0, page);
		region_unmap_range(dawdled, 0, 1ULL << 47);
	}
	return arg;
}

static void make_it_long(void)
{
	pthread_t thread;

	CHILD_ASSERT(fails(region_create("hostile", 1ULL << 62), EFBIG));
	CHILD_ASSERT(!unlink(in_mount("hostile")));
	dawdled = hostile_region(1ULL << 47);
	for (int i = 0; i < 20; i++) {
		CHILD_ASSERT(!pthread_create(&thread, NULL, ask, NULL));
		CHILD_ASSERT(!pthread_create(&thread, NULL, clear, NULL));
	}
	attack_has_begun();
}

static void long_ranges(void)
{
	static const struct attack attack = {make_it_long, HOSTILE, NULL, NULL};

	under_attack(&attack);
}

static const struct test tests[] = {
	{"lazy mappings", pieces},
	{"extended attributes", attributes},
	{"windows that do not come", waiting},
	{"long ranges", long_ranges},
	{"files", files},
	{"descriptors", regions},
};

int main(void)
{
	before_tests = hostile_look;
	return run_hostile_tests("mount_hostile_limits", tests, N_TESTS(tests));
}
