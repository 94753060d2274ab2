/* SPDX-License-Identifier: MIT */
/*
 * What the daemon uses for each of 1500 windows: while they are made one after
 * the other, while all go and come at the same time, and when their processes
 * exit; and whether anything is left when they are gone. Beside it, what the
 * same number of processes takes that do nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "crowd.h"
#include "daemon.h"
#include "peers.h"

#define MAX 1500
#define MAX_QUICK 500

static const int numbers[] = {100, 300, 500, 1000, MAX};

#define N_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* Some things the daemon keeps for a while: see GHOST_MS in fuse/windows/. */
#define SETTLE_SECONDS 7

struct state {
	double cpu_us;
	double kib;
	int descriptors;
	long huge_pages;
};

static long huge_pages_used(void)
{
	return meminfo_kib("HugePages_Total:") - meminfo_kib("HugePages_Free:");
}

static struct state look(const struct daemon *daemon)
{
	return (struct state){
		.cpu_us = daemon_cpu_us(daemon),
		.kib = daemon_private_kib(daemon),
		.descriptors = daemon_descriptors(daemon),
		.huge_pages = huge_pages_used(),
	};
}

/* In a process: us that it takes to attach, touch or detach. */
static double act(void *arg, int index, char what)
{
	struct memory *memory = arg;
	double start = now_us();
	static char *at;

	if (what == 'a')
		at = memory->peer->attach(memory, index);
	if (!at || (what == 'd' && munmap(at, memory->size)))
		die(memory->peer->series);
	if (what == 't')
		touch(at, memory->size, HUGE_PAGE);
	return now_us() - start;
}

/* Waits until the daemon is idle. */
static void settle(const struct daemon *daemon)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	double before, now = daemon_cpu_us(daemon);

	do {
		before = now;
		nanosleep(&pause, NULL);
		now = daemon_cpu_us(daemon);
	} while (now - before > 100);
}

/* Median of these processes; they act one after the other. */
static double median_us(struct crowd *crowd, int from, int to, char what)
{
	static double us[MAX];

	for (int i = from; i < to; i++)
		us[i] = crowd_ask(crowd, i, what);
	return median(us + from, to - from);
}

/* CPU and memory per window since the last number; descriptors per window */
static void sample_state(int n, int more, int round, const struct state *first,
			 const struct state *last, const struct state *now)
{
	sample("windows.cpu", "msharefs", GIB, n, round,
	       (now->cpu_us - last->cpu_us) / more);
	sample("windows.descriptors", "msharefs", GIB, n, round,
	       (double)(now->descriptors - first->descriptors) / n);
	/* In later rounds malloc has room left from the first one. */
	if (!round)
		sample("windows.memory", "msharefs", GIB, n, round,
		       (now->kib - last->kib) / more);
}

static void come_one_by_one(const struct daemon *daemon, struct crowd *crowd,
			    int max, int round)
{
	struct state first = look(daemon), last = first, now;
	int had = 0;

	for (size_t i = 0; i < N_NUMBERS && numbers[i] <= max; i++) {
		const int n = numbers[i];

		sample("windows.attach", "msharefs", GIB, n, round,
		       median_us(crowd, had, n, 'a'));
		settle(daemon);
		now = look(daemon);
		sample_state(n, n - had, round, &first, &last, &now);
		sample("windows.touch", "msharefs", GIB, n, round,
		       median_us(crowd, had, n, 't'));
		last = now;
		had = n;
	}
}

/* All at the same time. Returns CPU time of the daemon per window, in us. */
static double together(const struct daemon *daemon, struct crowd *crowd,
		       int max, char what)
{
	double cpu = daemon_cpu_us(daemon);

	crowd_ask_all(crowd, what, NULL);
	settle(daemon);
	return (daemon_cpu_us(daemon) - cpu) / max;
}

static double cpu_us(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* The same number of idle processes: us of CPU each, with the parent's. */
static void sample_nothing(int max, int round)
{
	double us = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN);
	struct memory memory;
	struct crowd *crowd;

	peer_set_up(&memory, &peer_nothing, NULL, GIB);
	crowd = crowd_new(max, act, &memory);
	crowd_grow(crowd, max);
	crowd_end(crowd);
	us = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN) - us;
	sample("windows.cpu", "nothing", GIB, max, round, us / max);
}

/* What the daemon still holds some seconds after the last window is gone. */
static void sample_left(const struct daemon *daemon, const struct state *before,
			const struct args *args, int max, int round)
{
	struct state now;

	if (!args->quick)
		sleep(SETTLE_SECONDS);
	now = look(daemon);
	sample("windows.left.descriptors", "msharefs", GIB, max, round,
	       now.descriptors - before->descriptors);
	sample("windows.left.huge-pages", "msharefs", GIB, max, round,
	       (double)(now.huge_pages - before->huge_pages));
	if (!args->quick)
		sample("windows.left.memory", "msharefs", GIB, max, round,
		       now.kib - before->kib);
}

static void one_round(const struct args *args, const struct daemon *daemon,
		      int round)
{
	const int max = args->quick ? MAX_QUICK : MAX;
	struct state before = look(daemon);
	struct memory memory;
	struct crowd *crowd;
	double cpu;

	peer_set_up(&memory, &peer_msharefs, args->file, GIB);
	crowd = crowd_new(max, act, &memory);
	crowd_grow(crowd, max);
	come_one_by_one(daemon, crowd, max, round);
	sample("windows.cpu.detach", "msharefs", GIB, max, round,
	       together(daemon, crowd, max, 'd'));
	sample("windows.cpu.together", "msharefs", GIB, max, round,
	       together(daemon, crowd, max, 'a'));
	cpu = daemon_cpu_us(daemon);
	crowd_end(crowd);
	settle(daemon);
	sample("windows.cpu.exit", "msharefs", GIB, max, round,
	       (daemon_cpu_us(daemon) - cpu) / max);
	memory.peer->clean_up(&memory);
	sample_nothing(max, round);
	sample_left(daemon, &before, args, max, round);
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);
	struct daemon daemon = daemon_of(args.file);

	for (int round = 0; round < (args.quick ? 1 : 3); round++)
		one_round(&args, &daemon, round);
	return 0;
}
