/* SPDX-License-Identifier: MIT */
/*
 * Plain loads and stores through a window, beside hugetlbfs mapped by hand and
 * POSIX shared memory of 4 KiB pages. All are mapped at once and take short
 * turns, so that a disturbance affects all of them.
 *
 * Two controls show how far equal things differ here: "hugetlbfs-again" is
 * another file of hugetlbfs, with other physical memory; "same-pages" is the
 * memory of the region itself, mapped by hand beside the window.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "peers.h"

#define CACHE_LINE 64

enum kind {
	MSHAREFS,
	HUGETLBFS,
	HUGETLBFS_AGAIN,
	SHM,
	SAME_PAGES, /* last: it may be missing */
	KINDS
};

static const char *const names[KINDS] = {
	"msharefs", "hugetlbfs", "hugetlbfs-again", "shm", "same-pages",
};

static const struct peer *const peers[SAME_PAGES] = {
	&peer_msharefs, &peer_hugetlbfs, &peer_hugetlbfs, &peer_shm};

struct all {
	size_t size;
	struct memory memory[SAME_PAGES];
	char *at[KINDS];
	size_t next[KINDS]; /* where the next sequential turn starts */
	uint64_t seed;	    /* of the next random turn */
};

/*
 * The kinds of access. All memory holds zeros and is overwritten with zeros,
 * but the compiler does not know that: so each load can depend on the one
 * before.
 */
static volatile uint64_t zero;

typedef void access_turn(const struct all *all, char *at, size_t from,
			 size_t n);

static void read_sequential(const struct all *all, char *at, size_t from,
			    size_t n)
{
	const volatile uint64_t *p = (uint64_t *)(at + from);
	const size_t step = CACHE_LINE / sizeof(*p);

	(void)all;
	for (size_t i = 0; i < n; i += 4, p += 4 * step) {
		(void)p[0];
		(void)p[step];
		(void)p[2 * step];
		(void)p[3 * step];
	}
}

static void write_sequential(const struct all *all, char *at, size_t from,
			     size_t n)
{
	volatile uint64_t *p = (uint64_t *)(at + from);
	const size_t step = CACHE_LINE / sizeof(*p);
	const uint64_t value = zero;

	(void)all;
	for (size_t i = 0; i < n; i += 4, p += 4 * step) {
		p[0] = value;
		p[step] = value;
		p[2 * step] = value;
		p[3 * step] = value;
	}
}

/* The next random cache line. size: a power of two */
static inline volatile uint64_t *any(char *at, size_t size, uint64_t *x)
{
	*x = *x * 6364136223846793005U + 1442695040888963407U;
	return (uint64_t *)(at + ((*x >> 20) & (size - CACHE_LINE)));
}

static void read_random(const struct all *all, char *at, size_t from, size_t n)
{
	uint64_t x = all->seed;

	(void)from;
	for (size_t i = 0; i < n; i++)
		x += *any(at, all->size, &x);
}

static void write_random(const struct all *all, char *at, size_t from, size_t n)
{
	const uint64_t value = zero;
	uint64_t x = all->seed;

	(void)from;
	for (size_t i = 0; i < n; i++)
		*any(at, all->size, &x) = value;
}

static const struct way {
	const char *measure;
	access_turn *turn;
	size_t n; /* accesses per turn: some milliseconds */
	size_t stride;
} ways[] = {
	{"read.sequential", read_sequential, 2 << 20, CACHE_LINE},
	{"write.sequential", write_sequential, 2 << 20, CACHE_LINE},
	{"read.random", read_random, 128 << 10, 0},
	{"write.random", write_random, 1 << 20, 0},
};

static void accesses(struct all *all, const struct way *way, int kind, size_t n)
{
	if (all->next[kind] + n * way->stride > all->size)
		all->next[kind] = 0;
	way->turn(all, all->at[kind], all->next[kind], n);
	all->seed = all->seed * 3 + 1;
	all->next[kind] += n * way->stride;
}

/*
 * ns per access. An equal number of accesses before that is not counted: it
 * replaces what the turn before left in caches and TLBs. (In the hypervisor's
 * as well: they go by physical memory, so "same-pages" would warm them for the
 * window.)
 */
static double take_turn(struct all *all, const struct way *way, int kind)
{
	double us;

	accesses(all, way, kind, way->n);
	us = now_us();
	accesses(all, way, kind, way->n);
	return (now_us() - us) * 1e3 / (double)way->n;
}

/* Memory, allocated and in the page tables */

/* Aligned to a GiB like windows, as the alignment alone has an effect. */
static char *map_by_hand(int fd, size_t size, int kind)
{
	char *at = mmap((char *)0x200000000000 + (size_t)kind * 64 * GIB, size,
			PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (at == MAP_FAILED)
		die(names[kind]);
	return at;
}

/* Maps the file of the window, found by its address in /proc; or NULL. */
static char *map_same_pages(char *window, size_t size)
{
	char path[64];
	char *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)window, (unsigned long)window + size);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "no control \"same-pages\": %s: %s\n", path,
			strerror(errno));
		return NULL;
	}
	at = map_by_hand(fd, size, SAME_PAGES);
	close(fd);
	return at;
}

static char *map(struct memory *memory, int kind)
{
	char *at;

	if (kind != MSHAREFS)
		return map_by_hand(memory->fd, memory->size, kind);
	at = memory->peer->attach(memory, 0);
	if (!at)
		die(names[kind]);
	return at;
}

static void touch_zero(char *at, size_t size, size_t page)
{
	volatile char *p = at;

	for (size_t o = 0; o < size; o += page)
		p[o] = 0;
}

/* A different one allocates its memory first in each round. */
static void set_up(struct all *all, const struct args *args, int round)
{
	for (int i = 0; i < SAME_PAGES; i++) {
		const int kind = (i + round) % SAME_PAGES;
		struct memory *memory = &all->memory[kind];

		peer_set_up(memory, peers[kind], args->file, all->size);
		all->at[kind] = map(memory, kind);
		touch_zero(all->at[kind], all->size, SMALL_PAGE);
	}
	all->next[SAME_PAGES] = all->size / 2;
	all->at[SAME_PAGES] = map_same_pages(all->at[MSHAREFS], all->size);
	if (all->at[SAME_PAGES])
		touch_zero(all->at[SAME_PAGES], all->size, SMALL_PAGE);
}

static void clean_up(struct all *all)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (all->at[kind] && munmap(all->at[kind], all->size))
			die("munmap");
	for (int kind = 0; kind < SAME_PAGES; kind++)
		peers[kind]->clean_up(&all->memory[kind]);
}

/* One turn of each; a different one begins each time. */
static void sample_turn(struct all *all, const struct way *way, int turn)
{
	/* Those with the same memory are not next to each other. */
	static const enum kind order[KINDS] = {MSHAREFS, HUGETLBFS, SAME_PAGES,
					       HUGETLBFS_AGAIN, SHM};

	for (int i = 0; i < KINDS; i++) {
		const enum kind kind = order[(i + turn) % KINDS];

		if (all->at[kind])
			sample(way->measure, names[kind], all->size, 0, turn,
			       take_turn(all, way, kind));
	}
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);
	const int turns = args.quick ? 3 : 12;
	int turn = 0;

	for (int round = 0; round < (args.quick ? 1 : 5); round++) {
		struct all all = {.size = 2 * GIB};

		set_up(&all, &args, round);
		for (int i = 0; i < turns; i++, turn++)
			for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]);
			     w++)
				sample_turn(&all, &ways[w], turn);
		clean_up(&all);
	}
	return 0;
}
