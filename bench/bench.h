/* SPDX-License-Identifier: MIT */
/*
 * Helpers of all programs of the suite. Each program takes samples and prints
 * one per line; bench/run starts the programs and does the rest.
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
	const char *file; /* to create on a mount of msharefs */
};

/* PROGRAM [--quick] FILE; exits with status 2 for anything else. */
struct args bench_args(int argc, char **argv);

/*
 * Prints one sample. bench/suite/figures.py has all measures with their units,
 * and all series. size (bytes) and number are those that the sample was taken
 * with, 0 if they do not matter. Samples of the same round are compared with
 * each other.
 */
void sample(const char *measure, const char *series, size_t size, int number,
	    int round, double value);

_Noreturn void die(const char *what); /* with the message of errno */

double now_us(void);

/* KiB in a line of /proc/meminfo, such as "PageTables:" */
long meminfo_kib(const char *key);

/*
 * KiB of all page tables, once it no longer changes: those of processes that
 * ended are freed later.
 */
long settled_page_tables(void);

/* Page faults of this process so far that needed no disk. */
long minor_faults(void);

/* Sorts the values. */
double median(double *values, int n);

/* Writes to every page of that size. */
void touch(char *at, size_t size, size_t page);

#endif
