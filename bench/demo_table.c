/* SPDX-License-Identifier: MIT */
/*
 * For the demo: a table of what sharing saves. bench/run measures the same more
 * carefully. demo_table REGION-FILE GIB PROCESSES
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "crowd.h"
#include "peers.h"

/* Less than a page is noise; a window takes one page. */
#define PAGE_KIB 4.0

static const struct {
	const struct peer *peer;
	const char *name;
	int most; /* processes: more would show nothing else */
} rows[] = {
	{&peer_msharefs, "msharefs", 1 << 20},
	{&peer_limit, "by hand (the limit)", 1 << 20},
	{&peer_hugetlbfs, "hugetlbfs, not shared", 100},
	{&peer_shm, "POSIX shm, 4 KiB pages", 4},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct cost {
	int processes;
	double kib; /* of page tables per process */
	double us;  /* median */
	double faults;
};

/* 'a': attaches and touches all, returns us. 'f': the page faults of that. */
static double act(void *arg, int index, char what)
{
	struct memory *memory = arg;
	static long faults;
	double start = now_us();
	char *at;

	if (what == 'f')
		return (double)faults;
	faults = minor_faults();
	at = memory->peer->attach(memory, index);
	if (!at)
		die(memory->peer->series);
	if (memory->peer->page)
		touch(at, memory->size, memory->peer->page);
	faults = minor_faults() - faults;
	return now_us() - start;
}

static struct cost measure(const struct peer *peer, const char *file,
			   size_t size, int n)
{
	struct cost cost = {.processes = n};
	struct memory memory;
	struct crowd *crowd;
	double *us = calloc((size_t)n, sizeof(*us));
	long before;

	if (!us)
		die("calloc");
	peer_set_up(&memory, peer, file, size);
	crowd = crowd_new(n, act, &memory);
	before = settled_page_tables();
	crowd_grow(crowd, n);
	for (int i = 0; i < n; i++)
		us[i] = crowd_ask(crowd, i, 'a');
	cost.kib = (double)(settled_page_tables() - before) / n;
	cost.faults = crowd_ask(crowd, n / 2, 'f');
	cost.us = median(us, n);
	free(us);
	crowd_end(crowd);
	peer->clean_up(&memory);
	return cost;
}

static void print(const struct cost *costs, double nothing)
{
	const struct cost *ours = &costs[0];
	double kib = ours->kib - nothing;

	printf("%-24s %9s %16s %16s %12s\n", "", "processes",
	       "page tables each", "attach and touch", "page faults");
	for (size_t i = 0; i < N_ROWS; i++)
		printf("%-24s %9d %13.1f kB %13.0f us %12.0f\n", rows[i].name,
		       costs[i].processes, costs[i].kib - nothing, costs[i].us,
		       costs[i].faults);
	if (kib < PAGE_KIB)
		kib = PAGE_KIB;
	printf("\nAttach (open, size, mmap) and touch: %.2fx the time of mmap "
	       "and touch by hand;\nhugetlbfs not shared takes %.0fx of ours, "
	       "POSIX shm %.0fx. Page tables: POSIX shm\nneeds %.0fx of ours "
	       "(taken as at least %.0f kB). Taken off: %.1f kB that a process "
	       "costs\nthat does nothing.\n",
	       ours->us / costs[1].us, costs[2].us / ours->us,
	       costs[3].us / ours->us, (costs[3].kib - nothing) / kib, PAGE_KIB,
	       nothing);
}

int main(int argc, char **argv)
{
	struct cost costs[N_ROWS];
	double nothing = 0;
	size_t size = argc == 4 ? strtoul(argv[2], NULL, 10) * GIB : 0;
	int n = argc == 4 ? atoi(argv[3]) : 0;

	if (!size || n < 1) {
		fprintf(stderr, "Usage: %s REGION-FILE GIB PROCESSES\n",
			argv[0]);
		return 2;
	}
	printf("One region of %zu GiB, attached to and touched whole by each "
	       "process:\n\n",
	       size / GIB);
	/* Twice: the first run also warms up what all peers use. */
	for (int i = 0; i < 2; i++)
		nothing = measure(&peer_nothing, argv[1], size, n).kib;
	for (size_t i = 0; i < N_ROWS; i++)
		costs[i] = measure(rows[i].peer, argv[1], size,
				   n < rows[i].most ? n : rows[i].most);
	print(costs, nothing);
	return 0;
}
