/* SPDX-License-Identifier: MIT */
/* What page tables cost, by arithmetic alone: msharectl-plan(1) says how. */
#ifndef PLAN_H
#define PLAN_H

#include <stdint.h>

/* Memory that processes map, each of them whole. */
struct plan_ask {
	uint64_t size;	/* bytes, not 0 */
	uint64_t procs; /* 1 to PLAN_PROCS_MAX */
	uint64_t page;	/* of the processor, the smallest: 4096 on x86-64 */
};

#define PLAN_PROCS_MAX (1ULL << 32)

/* In what pages the memory is. */
enum plan_kind {
	PLAN_BASE,   /* the smallest: 4 KiB on x86-64 */
	PLAN_HUGE,   /* one table's worth of those: 2 MiB */
	PLAN_SHARED, /* the same, and their tables are shared: msharefs */
	PLAN_GIANT,  /* one table's worth of those: 1 GiB */
	PLAN_KINDS
};

/* All in bytes. */
struct plan_cost {
	uint64_t page;
	uint64_t once;	  /* tables that there are once, for all processes */
	uint64_t each;	  /* tables of each process */
	uint64_t all;	  /* once, and each for every process */
	uint64_t entries; /* of all: entries of the lowest tables alone */
};

/*
 * -EINVAL: a number is 0, there are too many processes, or page is not a power
 * of two that tables are made of. -ERANGE: some result does not fit 64 bits.
 */
int plan_cost(const struct plan_ask *ask, enum plan_kind kind,
	      struct plan_cost *cost);

/* How many pages of one table's worth (2 MiB on x86-64) hold the memory. */
uint64_t plan_huge_pages(const struct plan_ask *ask);

#endif
