/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share: an input as a source of numbers, a check that
 * ends the program, as libFuzzer expects it of a fault, and a count of what is
 * open.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(cond)                                                     \
	do {                                                                 \
		if (!(cond)) {                                               \
			fprintf(stderr, "%s:%d: not so: %s (errno: %s)\n",   \
				__FILE__, __LINE__, #cond, strerror(errno)); \
			abort();                                             \
		}                                                            \
	} while (0)

/* Bytes that are left of an input; 0 is read beyond its end. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline bool fuzz_more(const struct fuzz_input *in)
{
	return in->left > 0;
}

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint64_t fuzz_number(struct fuzz_input *in, int bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | fuzz_byte(in);
	return n;
}

/* Pipes do not count: the sanitizers' symbolizer opens some. */
static inline int fuzz_count_fds(bool show)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int n = 0;

	FUZZ_CHECK(dir);
	while ((entry = readdir(dir))) {
		char name[256] = "";

		if (readlinkat(dirfd(dir), entry->d_name, name,
			       sizeof(name) - 1) <= 0 ||
		    !strncmp(name, "pipe:", 5))
			continue;
		n++;
		if (show)
			fprintf(stderr, "open: %s: %s\n", entry->d_name, name);
	}
	closedir(dir);
	return n;
}

#endif
