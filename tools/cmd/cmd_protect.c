/* SPDX-License-Identifier: MIT */
/* msharectl protect: what processes may do with a region's memory. */
#include "msharectl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "prot.h"
#include "range.h"
#include "messages.h"
#include "daemon_status.h"
#include "resolve_target.h"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl protect [--offset OFFSET] [--size SIZE] FILE "
		"PROT\n"
		"Changes what processes may do with a region's memory, in "
		"every one at once.\n"
		"PROT: r, rw, rwx ..., as /proc/PID/maps has it, or none "
		"(---): what the memory\n"
		"holds is kept then, and comes back with the next change.\n"
		"\n"
		"  -o, --offset OFFSET  from here on\n"
		"  -s, --size SIZE      so much of it\n"
		"  -h, --help           this text\n"
		"\n"
		"With OFFSET or SIZE, all of that must be mapped. Without "
		"them, it is all that is\n"
		"mapped in the region, piece by piece.\n"
		"Amounts are in bytes, or with K, M, G or T; or 0x and "
		"hexadecimal.\n"
		"\n"
		"Examples: msharectl protect ~/mshare/region r\n"
		"          msharectl protect --offset 2M --size 4M "
		"~/mshare/region none\n");
}

/* 0 or -errno. */
static int protect(int fd, uint64_t start, uint64_t end, uint32_t prot)
{
	struct mshare_change change = {
		.offset = start,
		.size = end - start,
		.what = prot,
	};

	return ioctl(fd, MSHARE_IOC_PROTECT, &change) ? -errno : 0;
}

static int refused(const char *file, int err)
{
	switch (-err) {
	case ENOMEM:
		return fail(EX_TEMPFAIL,
			    "%s: protect: %s: not all of it is mapped "
			    "(msharectl maps --holes shows what is not), or "
			    "there is too little memory; nothing was changed",
			    file, strerror(ENOMEM));
	case ENOTTY:
		return where_no_status(file, err);
	default:
		return fail(status_of(err),
			    "%s: protect: %s; nothing was changed", file,
			    strerror(-err));
	}
}

/* Piece by piece; if one fails, those before it are put back. */
static int protect_mapped(int fd, const char *file, uint32_t prot)
{
	struct status_maps maps;
	int err = status_maps(fd, &maps), back = 0;
	size_t i;

	if (err)
		return where_no_status(file, err);
	for (i = 0; i < maps.n && !err; i++)
		err = protect(fd, maps.v[i].start, maps.v[i].end, prot);
	for (i = err ? i - 1 : 0; i-- > 0 && !back;)
		back = protect(fd, maps.v[i].start, maps.v[i].end,
			       maps.v[i].prot);
	if (back)
		say("%s: what had been changed before could not be put back: "
		    "%s; see msharectl maps",
		    file, strerror(-back));
	if (!err && !maps.n)
		say("%s: nothing is mapped in it", file);
	free(maps.v);
	return err ? refused(file, err) : EX_OK;
}

static int protect_range(int fd, const char *file, struct range *range,
			 uint32_t prot)
{
	int err, status = range_settle(range, fd, file);

	if (status != EX_OK)
		return status;
	if (!range->offset_given && !range->size_given)
		return protect_mapped(fd, file, prot);
	err = protect(fd, range->offset, range->offset + range->size, prot);
	return err ? refused(file, err) : EX_OK;
}

int cmd_protect(int argc, char **argv)
{
	struct range range = {0};
	int fd, status;
	uint32_t prot;

	status = range_options(&range, "protect", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind != 2)
		return fail_usage("protect", "give one FILE, a region, and "
					     "PROT");
	if (prot_parse(argv[optind + 1], &prot))
		return fail_usage("protect",
				  "%s: not a protection; give r, rw, rwx ... "
				  "or none",
				  argv[optind + 1]);
	fd = where_open(argv[optind], WHERE_CHANGE, &status);
	if (fd < 0)
		return status;
	status = protect_range(fd, argv[optind], &range, prot);
	close(fd);
	return status;
}
