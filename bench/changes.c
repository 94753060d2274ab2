/* SPDX-License-Identifier: MIT */
/*
 * The time until a change of 2 MiB has reached every process, with 1, 100 and
 * 1000 windows: unmap, map, protect, lift (the protection). Beside it the
 * limit: the same by hand, in the same run, by punching the file, filling it,
 * and write-protecting through the userfaultfd of each window. As that needs no
 * message to a daemon, a round trip to the daemon is sampled too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "crowd.h"
#include "common/fdpass.h"
#include <mshare_ioctl.h>
#include "peers.h"

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

#define SIZE (2 * GIB)
#define TARGET (GIB + 100 * HUGE_PAGE)
#define MAX_WINDOWS 1000
#define RW (PROT_READ | PROT_WRITE)

/* msharefs or the limit: its windows, and how it makes each change. */
struct side {
	const char *series;
	void (*change[4])(const struct side *side, int windows);
	struct memory memory;
	struct crowd *crowd;
};

static const char *const changes[4] = {"unmap", "map", "protect", "lift"};

static void touch_all_but_target(const char *at)
{
	for (size_t o = 0; o < SIZE; o += HUGE_PAGE)
		if (o != TARGET)
			(void)*(const volatile char *)(at + o);
}

/* msharefs */

static int region(const struct side *side)
{
	return side->memory.fd;
}

static void region_unmap(const struct side *side, int windows)
{
	struct mshare_unmap unmap = {.region_offset = TARGET,
				     .size = HUGE_PAGE};

	(void)windows;
	if (ioctl(region(side), MSHAREFS_UNMAP, &unmap))
		die("MSHAREFS_UNMAP");
}

static void region_map(const struct side *side, int windows)
{
	struct mshare_create create = {
		.region_offset = TARGET,
		.size = HUGE_PAGE,
		.prot = RW,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};

	(void)windows;
	if (ioctl(region(side), MSHAREFS_CREATE_MAPPING, &create))
		die("MSHAREFS_CREATE_MAPPING");
}

static void region_access(const struct side *side, uint32_t prot)
{
	struct mshare_change change = {
		.offset = TARGET, .size = HUGE_PAGE, .what = prot};

	if (ioctl(region(side), MSHARE_IOC_PROTECT, &change))
		die("MSHARE_IOC_PROTECT");
}

static void region_protect(const struct side *side, int windows)
{
	(void)windows;
	region_access(side, PROT_READ);
}

static void region_lift(const struct side *side, int windows)
{
	(void)windows;
	region_access(side, RW);
}

static double region_window(void *arg, int index, char what)
{
	struct side *side = arg;
	char *at = side->memory.peer->attach(&side->memory, index);

	(void)what;
	if (!at)
		die("window");
	touch_all_but_target(at);
	return 0;
}

/* By hand */

static int uffds[MAX_WINDOWS]; /* of the windows of the limit */
static int to_parent[2];

/* The same address in each process. */
#define PEER_BASE ((char *)0x200000000000)

static double hand_window(void *arg, int index, char what)
{
	struct side *side = arg;
	char *at = mmap(PEER_BASE, SIZE, RW,
			MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
			side->memory.fd, 0);
	int uffd;

	(void)index;
	(void)what;
	if (at == MAP_FAILED)
		die("mmap");
	uffd = peer_guard(at, SIZE, UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
	if (uffd < 0 || fdpass_send(to_parent[1], "u", 1, uffd, 0))
		die("userfaultfd");
	touch_all_but_target(at);
	return 0;
}

static int hear_uffd(void)
{
	char c;
	int fd;

	if (fdpass_receive(to_parent[0], &c, 1, &fd, 0) != 1 || fd < 0)
		die("userfaultfd");
	return fd;
}

static void hand_unmap(const struct side *side, int windows)
{
	(void)windows;
	if (fallocate(side->memory.fd,
		      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)TARGET,
		      (off_t)HUGE_PAGE))
		die("fallocate");
}

static void hand_map(const struct side *side, int windows)
{
	(void)windows;
	if (fallocate(side->memory.fd, 0, (off_t)TARGET, (off_t)HUGE_PAGE) ||
	    madvise(side->memory.host + TARGET, HUGE_PAGE, MADV_POPULATE_WRITE))
		die("fallocate");
}

static void write_protect(int uffd, uint64_t mode)
{
	struct uffdio_writeprotect wp = {
		.range = {(uintptr_t)PEER_BASE + TARGET, HUGE_PAGE},
		.mode = mode,
	};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		die("UFFDIO_WRITEPROTECT");
}

static void hand_protect(const struct side *side, int windows)
{
	struct uffdio_register reg = {
		.range = {(uintptr_t)PEER_BASE + TARGET, HUGE_PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};

	(void)side;
	for (int i = 0; i < windows; i++) {
		if (ioctl(uffds[i], UFFDIO_REGISTER, &reg))
			die("UFFDIO_REGISTER");
		write_protect(uffds[i], UFFDIO_WRITEPROTECT_MODE_WP);
	}
}

static void hand_lift(const struct side *side, int windows)
{
	(void)side;
	for (int i = 0; i < windows; i++)
		write_protect(uffds[i], 0);
}

static struct side ours = {
	.series = "msharefs",
	.change = {region_unmap, region_map, region_protect, region_lift},
};
static struct side hand = {
	.series = "limit",
	.change = {hand_unmap, hand_map, hand_protect, hand_lift},
};

static double round_trip(int fd)
{
	double start = now_us();
	struct statx stx;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC,
		    STATX_BASIC_STATS, &stx))
		die("statx");
	return now_us() - start;
}

/*
 * Round 0 is sampled as "first": the first protection of a unit gives each
 * window its own page tables.
 */
static void make_changes(const struct side *side, int windows, int round)
{
	char name[32];

	for (int i = 0; i < 4; i++) {
		double start = now_us();

		side->change[i](side, windows);
		start = now_us() - start;
		snprintf(name, sizeof(name), "change.%s%s", changes[i],
			 round ? "" : ".first");
		sample(name, side->series, HUGE_PAGE, windows, round, start);
	}
}

static void start(struct side *side, const char *file, crowd_act *attach,
		  int windows)
{
	const struct peer *peer = side == &ours ? &peer_msharefs : &peer_limit;

	peer_set_up(&side->memory, peer, file, SIZE);
	side->crowd = crowd_new(windows, attach, side);
	crowd_grow(side->crowd, windows);
	for (int i = 0; i < windows; i++) {
		crowd_ask(side->crowd, i, 'a');
		if (side == &hand)
			uffds[i] = hear_uffd();
	}
}

static void stop(struct side *side, int windows)
{
	crowd_end(side->crowd);
	for (int i = 0; side == &hand && i < windows; i++)
		close(uffds[i]);
	side->memory.peer->clean_up(&side->memory);
}

/* Round 0 is the first time and is sampled separately. */
static void with_windows(const struct args *args, int windows, int rounds)
{
	start(&ours, args->file, region_window, windows);
	start(&hand, NULL, hand_window, windows);
	for (int round = 0; round <= rounds; round++) {
		make_changes(&ours, windows, round);
		make_changes(&hand, windows, round);
		for (int i = 0; round && i < 4; i++) {
			char name[32];

			snprintf(name, sizeof(name), "change.%s", changes[i]);
			sample(name, "fuse-round-trip", HUGE_PAGE, windows,
			       round, round_trip(region(&ours)));
		}
	}
	stop(&ours, windows);
	stop(&hand, windows);
}

int main(int argc, char **argv)
{
	static const int numbers[] = {1, 100, MAX_WINDOWS};
	struct args args = bench_args(argc, argv);
	struct rlimit files;

	/* One userfaultfd per window */
	if (getrlimit(RLIMIT_NOFILE, &files))
		die("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, to_parent))
		die("descriptors");
	for (int n = 0; n < 3; n++)
		with_windows(&args, numbers[n], args.quick ? 9 : 49);
	return 0;
}
