/* SPDX-License-Identifier: MIT */
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
		return fail_usage(verb,
				  "%s %s: not an amount; give one like 64M or "
				  "0x4000000",
				  option, arg);
	if (*bytes % page)
		return fail_usage(verb,
				  "%s %s: not a multiple of a page, %" PRIu64,
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
		return fail_usage(verb, "--size 0: nothing would change");
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
			return fail_usage(verb, NULL);
		}
	}
	return status == EX_OK ? -1 : status;
}

int range_settle(struct range *range, int fd, const char *file)
{
	struct mshare_status_region region;
	int err = status_region(fd, &region);
	char text[AMOUNT_TEXT];

	if (err)
		return where_no_status(file, err);
	if (!region.size)
		return fail(EX_DATAERR,
			    "%s: its size is not set yet, so nothing is mapped "
			    "in it",
			    file);
	if (range->offset >= region.size ||
	    (range->size_given && range->size > region.size - range->offset))
		return fail(EX_DATAERR,
			    "%s: that is not all within the region, whose size "
			    "is %s",
			    file, amount_exact(region.size, text));
	if (!range->size_given)
		range->size = region.size - range->offset;
	return EX_OK;
}
