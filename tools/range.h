/* SPDX-License-Identifier: MIT */
/* Which part of a region a verb is to change: --offset and --size. */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t offset;
	uint64_t size; /* not given: to the end */
	bool offset_given;
	bool size_given;
};

/* An option's argument; EX_OK, or EX_USAGE after a message. */
int range_parse_offset(struct range *range, const char *verb, const char *arg);
int range_parse_size(struct range *range, const char *verb, const char *arg);
/*
 * Once the size of the region is known: fills in what was not given. EX_OK, or
 * the status to end with after a message.
 */
int range_settle(struct range *range, const char *file, uint64_t region_size);

#endif
