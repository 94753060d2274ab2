/* SPDX-License-Identifier: MIT */
/*
 * Attaching: the time from knowing the name to having touched all of the
 * memory; and the time of mmap() alone, for one process and for 100 at a time,
 * beside round trips to the same FUSE daemon.
 */
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "crowd.h"
#include "peers.h"

#define AT_A_TIME 100

/* Attach and touch */

static double faults_of_last;

static double attach_and_touch(void *arg, int index, char what)
{
	struct memory *memory = arg;
	double start = now_us();
	long faults = minor_faults();
	char *at;

	if (what == 'f')
		return faults_of_last;
	at = memory->peer->attach(memory, index);
	if (!at)
		die(memory->peer->series);
	touch(at, memory->size, memory->peer->page);
	start = now_us() - start;
	faults_of_last = (double)(minor_faults() - faults);
	return start;
}

static void sample_touch(const char *file, size_t size, int round,
			 const struct peer *peer, int n)
{
	struct memory memory;
	struct crowd *crowd;
	double us[AT_A_TIME];

	if (!peer_is_here(peer))
		return;
	peer_set_up(&memory, peer, file, size);
	crowd = crowd_new(n, attach_and_touch, &memory);
	crowd_grow(crowd, n);
	for (int i = 0; i < n; i++)
		us[i] = crowd_ask(crowd, i, 'a');
	sample("attach-touch.faults", peer->series, size, n, round,
	       crowd_ask(crowd, n - 1, 'f'));
	sample("attach-touch", peer->series, size, n, round, median(us, n));
	crowd_end(crowd);
	memory.peer->clean_up(&memory);
}

static void touch_round(const struct args *args, int round)
{
	const size_t size = 8 * GIB;

	sample_touch(args->file, size, round, &peer_msharefs, AT_A_TIME);
	sample_touch(args->file, size, round, &peer_limit, AT_A_TIME);
	sample_touch(args->file, size, round, &peer_hugetlbfs, 20);
	sample_touch(args->file, size, round, &peer_sysv_huge, 20);
	sample_touch(args->file, size, round, &peer_hugectl, 20);
	/* These take seconds to fill and are far slower: fewer rounds do. */
	if (round >= (args->quick ? 1 : 2))
		return;
	sample_touch(args->file, size, round, &peer_shm_thp, 20);
	sample_touch(args->file, size, round, &peer_shm, 3);
}

/* Attach alone */

/* In a process that has not attached before. */
static double attach_alone(void *arg, int index, char what)
{
	const struct memory *memory = arg;
	static int fd;
	struct statx stx;
	double start;

	(void)index;
	if (what == 'o') {
		fd = open(memory->file, O_RDWR | O_CLOEXEC);
		return fd;
	}
	start = now_us();
	if (what == 'a') {
		if (mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0) == MAP_FAILED)
			die("mmap");
	} else if (syscall(SYS_statx, fd, "",
			   AT_EMPTY_PATH | AT_STATX_FORCE_SYNC,
			   STATX_BASIC_STATS, &stx)) {
		/* a request that the daemon answers at once */
		die("statx");
	}
	return now_us() - start;
}

/* One after the other, or all at the same time; returns the us in total. */
static double ask(struct crowd *crowd, int at_a_time, char what, double *us)
{
	double start = now_us();

	if (at_a_time == 1)
		for (int i = 0; i < AT_A_TIME; i++)
			us[i] = crowd_ask(crowd, i, what);
	else
		crowd_ask_all(crowd, what, us);
	return now_us() - start;
}

static void alone_round(const struct args *args, int round)
{
	const size_t size = GIB;
	double us[AT_A_TIME], total;
	struct memory memory;
	struct crowd *crowd;

	peer_set_up(&memory, &peer_msharefs, args->file, size);
	for (int n = 1; n <= AT_A_TIME; n += AT_A_TIME - 1) {
		crowd = crowd_new(AT_A_TIME, attach_alone, &memory);
		crowd_grow(crowd, AT_A_TIME);
		crowd_ask_all(crowd, 'o', NULL);
		ask(crowd, n, 'r', us);
		sample("attach.p50", "fuse-round-trip", size, n, round,
		       median(us, AT_A_TIME));
		total = ask(crowd, n, 'a', us);
		sample("attach.p50", "msharefs", size, n, round,
		       median(us, AT_A_TIME)); /* sorts it */
		sample("attach.p99", "msharefs", size, n, round,
		       us[AT_A_TIME - 1 - AT_A_TIME / 100]);
		sample("attaches", "msharefs", size, n, round,
		       AT_A_TIME / total * 1e6);
		crowd_end(crowd);
	}
	memory.peer->clean_up(&memory);
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);

	for (int round = 0; round < (args.quick ? 2 : 5); round++) {
		touch_round(&args, round);
		for (int i = 0; i < 4; i++)
			alone_round(&args, 4 * round + i);
	}
	return 0;
}
