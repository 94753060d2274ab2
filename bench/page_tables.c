/* SPDX-License-Identifier: MIT */
/*
 * Page tables per process, of N processes that have attached to all of a region
 * and touched it: the line PageTables of /proc/meminfo while they live, less
 * the same before they started, less that of N processes that do nothing. And
 * "page-tables.once": the tables that belong to whoever set up the memory.
 */
#include "bench.h"
#include "crowd.h"
#include "peers.h"

#define MAX 1500

static const size_t gibs[] = {1, 4, 8};
static const int numbers[] = {1, 10, 100, 500, MAX};

#define N_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* How many processes fit into memory, with 8 GiB, and end soon enough */
static const struct {
	const struct peer *peer;
	int most, most_quick;
} series[] = {
	{&peer_msharefs, MAX, MAX}, {&peer_limit, MAX, 500},
	{&peer_hugetlbfs, 500, 10}, {&peer_sysv_huge, 100, 0},
	{&peer_shm_thp, MAX, 0},    {&peer_shm, 10, 1},
};

static double attach_and_touch(void *arg, int index, char what)
{
	struct memory *memory = arg;
	char *at = memory->peer->attach(memory, index);

	(void)what;
	if (!at)
		die(memory->peer->series);
	if (memory->peer->page)
		touch(at, memory->size, memory->peer->page);
	return 0;
}

/* KiB of all page tables for each number of processes up to "most". */
static void count(struct memory *memory, int most, double kib[N_NUMBERS])
{
	struct crowd *crowd = crowd_new(most, attach_and_touch, memory);
	double before = (double)settled_page_tables();
	int had = 0;

	for (size_t i = 0; i < N_NUMBERS && numbers[i] <= most; i++) {
		crowd_grow(crowd, numbers[i]);
		for (; had < numbers[i]; had++)
			crowd_ask(crowd, had, 'a');
		kib[i] = (double)settled_page_tables() - before;
	}
	crowd_end(crowd);
}

static void one_round(const char *file, size_t size, int round, bool quick)
{
	double nothing[N_NUMBERS], kib[N_NUMBERS], before;
	struct memory memory;

	peer_set_up(&memory, &peer_nothing, file, size);
	count(&memory, MAX, nothing);
	for (size_t s = 0; s < sizeof(series) / sizeof(series[0]); s++) {
		int most = quick ? series[s].most_quick : series[s].most;

		if (!most || !peer_is_here(series[s].peer))
			continue;
		before = (double)settled_page_tables();
		peer_set_up(&memory, series[s].peer, file, size);
		sample("page-tables.once", memory.peer->series, size, 0, round,
		       (double)settled_page_tables() - before);
		count(&memory, most, kib);
		memory.peer->clean_up(&memory);
		for (size_t i = 0; i < N_NUMBERS && numbers[i] <= most; i++)
			sample("page-tables", memory.peer->series, size,
			       numbers[i], round,
			       (kib[i] - nothing[i]) / numbers[i]);
	}
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);

	for (int round = 0; round < (args.quick ? 1 : 3); round++)
		for (int i = 0; i < 3; i += args.quick ? 2 : 1)
			one_round(args.file, gibs[i] * GIB, round, args.quick);
	return 0;
}
