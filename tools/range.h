/* SPDX-License-Identifier: MIT */
/* The part of a region that a verb changes: --offset and --size. */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct range {
	uint64_t offset;
	uint64_t size; /* if not given: to the end of the region */
	bool offset_given;
	bool size_given;
};

/*
 * Parses the options of such a verb. Returns -1 to continue with the arguments
 * after them, or the exit status after the usage or a message.
 */
int range_options(struct range *range, const char *verb, int argc, char **argv,
		  void (*usage)(FILE *to));
/*
 * Fills in what was not given, for the open region fd. Returns EX_OK, or the
 * exit status after a message.
 */
int range_complete(struct range *range, int fd, const char *file);

#endif
