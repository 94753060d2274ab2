/* SPDX-License-Identifier: MIT */
/*
 * The cost of page tables, by arithmetic only; msharectl-plan(1) explains it.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdint.h>

/* Memory that every one of the processes maps completely. */
struct plan_ask {
	uint64_t size;	/* bytes, not 0 */
	uint64_t procs; /* 1 to PLAN_PROCS_MAX */
	uint64_t page;	/* the smallest page: 4096 on x86-64 */
};

#define PLAN_PROCS_MAX (1ULL << 32)

/* The kind of pages that back the memory. */
enum plan_kind {
	PLAN_BASE,   /* the smallest: 4 KiB on x86-64 */
	PLAN_HUGE,   /* as much as one page table maps: 2 MiB */
	PLAN_SHARED, /* the same pages, with shared tables: msharefs */
	PLAN_GIANT,  /* as much as one PMD table maps: 1 GiB */
	PLAN_KINDS
};

/* All in bytes. */
struct plan_cost {
	uint64_t page;
	uint64_t once;	  /* tables that exist once for all processes */
	uint64_t each;	  /* tables of one process */
	uint64_t all;	  /* once + each * procs */
	uint64_t entries; /* part of all: the entries of the lowest tables */
};

/*
 * Returns -EINVAL if a number is 0, there are too many processes, or page is
 * not a power of two of at least 4096; -ERANGE if a result does not fit in 64
 * bits.
 */
int plan_cost(const struct plan_ask *ask, enum plan_kind kind,
	      struct plan_cost *cost);

/* The number of huge pages (2 MiB on x86-64) that hold the memory. */
uint64_t plan_huge_pages(const struct plan_ask *ask);

#endif
