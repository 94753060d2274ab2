/* SPDX-License-Identifier: MIT */
/* Helpers of the examples for the kernel series; none is about msharefs. */
#ifndef COMMON_H
#define COMMON_H

#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "a line that the donor wrote"
#define MAPPING_SIZE ((size_t)4 << 20)

static inline void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* The unit of sizes: the number in the file mshare_info beside the region. */
static inline uint64_t alignment(const char *region)
{
	char path[PATH_MAX], copy[PATH_MAX];
	unsigned long long n = 0;
	FILE *file;

	snprintf(copy, sizeof(copy), "%s", region);
	check(snprintf(path, sizeof(path), "%s/mshare_info", dirname(copy)) <
		      (int)sizeof(path),
	      "path");
	file = fopen(path, "r");
	check(file && fscanf(file, "%llu", &n) == 1, path);
	fclose(file);
	return n;
}

#endif
