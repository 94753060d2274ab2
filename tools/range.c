/* SPDX-License-Identifier: MIT */
/* Parses --offset and --size, and fits them to a region. */
#include "range.h"

#include <getopt.h>
#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "amount.h"
#include "messages.h"
#include "daemon_status.h"
#include "resolve_target.h"

static int parse(const char *verb, const char *option, const char *arg,
		 uint64_t *bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (amount_parse(arg, bytes))
		return message_usage_error(
			verb,
			"%s %s: not an amount; use one like 64M or 0x4000000",
			option, arg);
	if (*bytes % page)
		return message_usage_error(
			verb,
			"%s %s: not a multiple of the page size, %" PRIu64,
			option, arg, page);
	return EX_OK;
}

static int parse_offset(struct range *range, const char *verb, const char *arg)
{
	range->offset_given = true;
	return parse(verb, "--offset", arg, &range->offset);
}

static int parse_size(struct range *range, const char *verb, const char *arg)
{
	int status = parse(verb, "--size", arg, &range->size);

	range->size_given = true;
	if (status == EX_OK && !range->size)
		return message_usage_error(
			verb,
			"--size 0: nothing would change; use a size above 0");
	return status;
}

int range_options(struct range *range, const char *verb, int argc, char **argv,
		  void (*usage)(FILE *to))
{
	static const struct option longs[] = {
		{"offset", required_argument, NULL, 'o'},
		{"size", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, status = EX_OK;

	while (status == EX_OK &&
	       (c = getopt_long(argc, argv, "o:s:h", longs, NULL)) != -1) {
		switch (c) {
		case 'o':
			status = parse_offset(range, verb, optarg);
			break;
		case 's':
			status = parse_size(range, verb, optarg);
			break;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			return message_usage_error(verb, NULL);
		}
	}
	return status == EX_OK ? -1 : status;
}

int range_complete(struct range *range, int fd, const char *file)
{
	struct mshare_status_region region;
	int err = daemon_status_region(fd, &region);
	char text[AMOUNT_TEXT];

	if (err)
		return target_status_error(file, err);
	if (!region.size)
		return message_error(EX_DATAERR,
				     "%s: its size is not set yet, so nothing "
				     "is mapped in it",
				     file);
	if (range->offset >= region.size ||
	    (range->size_given && range->size > region.size - range->offset))
		return message_error(EX_DATAERR,
				     "%s: the range is not within the region, "
				     "whose size is %s",
				     file, amount_exact(region.size, text));
	if (!range->size_given)
		range->size = region.size - range->offset;
	return EX_OK;
}
