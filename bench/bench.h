/* SPDX-License-Identifier: MIT */
/*
 * What every program of the suite has in common. Each takes samples and prints
 * them, one a line; bench/run starts them, and does the rest.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define GIB ((size_t)1 << 30)
#define HUGE_PAGE ((size_t)2 << 20)
#define SMALL_PAGE ((size_t)4096)

struct args {
	bool quick;	  /* fewer rounds, smaller sizes */
	const char *file; /* to be made on a mount of msharefs */
};

/* PROGRAM [--quick] FILE; ends with 2 for anything else. */
struct args bench_args(int argc, char **argv);

/*
 * One sample on stdout: of what (bench/figures.py knows all measures and their
 * units), by whom, the size in bytes and the number that it was taken with (0:
 * does not matter), in which round. What is sampled in one round is compared
 * with each other.
 */
void sample(const char *measure, const char *series, size_t size, int number,
	    int round, double value);

_Noreturn void die(const char *what); /* with errno */

double now_us(void);

/* KiB of a line of /proc/meminfo, "PageTables:" */
long meminfo_kib(const char *key);

/* KiB of all page tables; those of processes that ended are freed later. */
long settled_page_tables(void);

/* Page faults of this process up to now that needed no disk. */
long minor_faults(void);

/* Of n values, which it sorts. */
double median(double *values, int n);

/* Every page of that size is written to. */
void touch(char *at, size_t size, size_t page);

#endif
