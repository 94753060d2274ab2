/* SPDX-License-Identifier: MIT */
/* Which part of a region a verb is to change: --offset and --size. */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct range {
	uint64_t offset;
	uint64_t size; /* not given: to the end */
	bool offset_given;
	bool size_given;
};

/*
 * The options of such a verb: -1 to go on with what is behind them, or the
 * status to end with, after the usage or a message.
 */
int range_options(struct range *range, const char *verb, int argc, char **argv,
		  void (*usage)(FILE *to));
/*
 * For the region that fd is open of: fills in what was not given. EX_OK, or the
 * status to end with after a message.
 */
int range_complete(struct range *range, int fd, const char *file);

#endif
