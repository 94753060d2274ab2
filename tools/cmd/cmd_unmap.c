/* SPDX-License-Identifier: MIT */
/* msharectl unmap: unmaps memory of a region, in every process (msharectl.h) */
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
		"Unmaps memory of a region, in every process at once: its "
		"contents are lost, and\n"
		"accesses to it raise SIGSEGV from then on.\n"
		"\n"
		"  -o, --offset OFFSET  start of the range in the region (0)\n"
		"  -s, --size SIZE      size of the range (to the end)\n"
		"  -h, --help           show this help\n"
		"\n"
		"Amounts are in bytes, or with a unit: K, M, G or T; or "
		"hexadecimal: 0x...\n"
		"\n"
		"Examples: msharectl unmap ~/mshare/region\n"
		"          msharectl unmap --offset 2M --size 4M "
		"~/mshare/region\n");
}

static int unmap_range(int fd, const char *file, struct range *range)
{
	struct mshare_unmap unmap;
	int status = range_complete(range, fd, file);

	if (status != EX_OK)
		return status;
	unmap.region_offset = range->offset;
	unmap.size = range->size;
	if (!ioctl(fd, MSHAREFS_UNMAP, &unmap))
		return EX_OK;
	return message_error(message_exit_status(-errno),
			     "%s: cannot unmap the memory: %s", file,
			     strerror(errno));
}

int cmd_unmap(int argc, char **argv)
{
	struct range range = {0};
	int fd, status;

	status = range_options(&range, "unmap", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind != 1)
		return message_usage_error("unmap",
					   "give one FILE, the region");
	fd = target_open(argv[optind], TARGET_CHANGE, &status);
	if (fd < 0)
		return status;
	status = unmap_range(fd, argv[optind], &range);
	close(fd);
	return status;
}
