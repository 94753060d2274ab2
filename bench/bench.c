/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void die(const char *what)
{
	perror(what);
	exit(1);
}

struct args bench_args(int argc, char **argv)
{
	struct args args = {0};

	if (argc == 3 && !strcmp(argv[1], "--quick"))
		args.quick = true;
	if (argc != 2 + args.quick || argv[argc - 1][0] == '-') {
		fprintf(stderr,
			"Usage: %s [--quick] FILE\n"
			"Creates FILE on a mount of msharefs, and removes it. "
			"bench/run starts this program.\n",
			argv[0]);
		exit(2);
	}
	args.file = argv[argc - 1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	return args;
}

void sample(const char *measure, const char *series, size_t size, int number,
	    int round, double value)
{
	if (printf("%s\t%s\t%zu\t%d\t%d\t%.9g\n", measure, series, size, number,
		   round, value) < 0)
		die("stdout");
}

double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

long meminfo_kib(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	if (!file)
		die("/proc/meminfo");
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kib = atol(line + strlen(key));
	fclose(file);
	return kib;
}

long settled_page_tables(void)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	long kib = meminfo_kib("PageTables:"), before;

	do {
		before = kib;
		nanosleep(&pause, NULL);
		kib = meminfo_kib("PageTables:");
	} while (kib != before);
	return kib;
}

long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_value);
	return values[n / 2];
}

void touch(char *at, size_t size, size_t page)
{
	volatile char *p = at;

	for (size_t o = 0; o < size; o += page)
		p[o] = 1;
}
