/* SPDX-License-Identifier: MIT */
/* msharectl unmap: takes memory out of a region, for every process. */
#include "msharectl.h"

#include <linux/msharefs.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "range.h"
#include "messages.h"
#include "daemon_status.h"
#include "resolve_target.h"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl unmap [--offset OFFSET] [--size SIZE] FILE\n"
		"Takes memory out of a region, in every process at once: what "
		"it held is gone,\n"
		"and an access to it is a fault (SIGSEGV) from then on.\n"
		"\n"
		"  -o, --offset OFFSET  from here on (0)\n"
		"  -s, --size SIZE      so much of it (to the end)\n"
		"  -h, --help           this text\n"
		"\n"
		"Amounts are in bytes, or with K, M, G or T; or 0x and "
		"hexadecimal.\n"
		"\n"
		"Examples: msharectl unmap ~/mshare/region\n"
		"          msharectl unmap --offset 2M --size 4M "
		"~/mshare/region\n");
}

static int unmap_range(int fd, const char *file, struct range *range)
{
	struct mshare_unmap unmap;
	int status = range_settle(range, fd, file);

	if (status != EX_OK)
		return status;
	unmap.region_offset = range->offset;
	unmap.size = range->size;
	if (!ioctl(fd, MSHAREFS_UNMAP, &unmap))
		return EX_OK;
	return fail(status_of(-errno), "%s: unmap: %s", file, strerror(errno));
}

int cmd_unmap(int argc, char **argv)
{
	struct range range = {0};
	int fd, status;

	status = range_options(&range, "unmap", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind != 1)
		return fail_usage("unmap", "give one FILE, a region");
	fd = where_open(argv[optind], WHERE_CHANGE, &status);
	if (fd < 0)
		return status;
	status = unmap_range(fd, argv[optind], &range);
	close(fd);
	return status;
}
