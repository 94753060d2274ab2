/* SPDX-License-Identifier: MIT */
/*
 * msharectl protect: changes the protection of a region's memory (msharectl.h)
 */
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
	fprintf(to, "Usage: msharectl protect [--offset OFFSET] [--size SIZE] "
		    "FILE PROT\n"
		    "Changes the protection of a region's memory, in every "
		    "process at once.\n"
		    "PROT is r, rw, rwx ..., as in /proc/PID/maps, or none "
		    "(---). With none, the\n"
		    "contents are kept and come back with the next change of "
		    "protection.\n"
		    "\n"
		    "  -o, --offset OFFSET  start of the range in the region\n"
		    "  -s, --size SIZE      size of the range\n"
		    "  -h, --help           show this help\n"
		    "\n"
		    "With OFFSET or SIZE, the whole range must be mapped. "
		    "Without them, all mappings\n"
		    "of the region change, one after the other.\n"
		    "Amounts are in bytes, or with a unit: K, M, G or T; or "
		    "hexadecimal: 0x...\n"
		    "\n"
		    "Examples: msharectl protect ~/mshare/region r\n"
		    "          msharectl protect --offset 2M --size 4M "
		    "~/mshare/region none\n");
}

/* Returns 0 or -errno. */
static int protect(int fd, uint64_t start, uint64_t end, uint32_t prot)
{
	struct mshare_change change = {
		.offset = start,
		.size = end - start,
		.what = prot,
	};

	return ioctl(fd, MSHARE_IOC_PROTECT, &change) ? -errno : 0;
}

static int report_error(const char *file, int err)
{
	switch (-err) {
	case ENOMEM:
		return message_error(
			EX_TEMPFAIL,
			"%s: cannot change the protection: %s: the range has "
			"holes (msharectl maps --holes lists them), or there "
			"is not enough memory; nothing was changed",
			file, strerror(ENOMEM));
	case ENOTTY:
		return target_status_error(file, err);
	default:
		return message_error(message_exit_status(err),
				     "%s: cannot change the protection: %s; "
				     "nothing was changed",
				     file, strerror(-err));
	}
}

/*
 * Changes one mapping after the other; if one fails, restores those before it.
 */
static int protect_mapped(int fd, const char *file, uint32_t prot)
{
	struct daemon_status_maps maps;
	int err = daemon_status_maps(fd, &maps), back = 0;
	size_t i;

	if (err)
		return target_status_error(file, err);
	for (i = 0; i < maps.n && !err; i++)
		err = protect(fd, maps.v[i].start, maps.v[i].end, prot);
	for (i = err ? i - 1 : 0; i-- > 0 && !back;)
		back = protect(fd, maps.v[i].start, maps.v[i].end,
			       maps.v[i].prot);
	if (back)
		message("%s: cannot restore the mappings changed before the "
			"error: %s; msharectl maps shows the protection now",
			file, strerror(-back));
	if (!err && !maps.n)
		message("%s: nothing is mapped in this region", file);
	free(maps.v);
	return err ? report_error(file, err) : EX_OK;
}

static int protect_range(int fd, const char *file, struct range *range,
			 uint32_t prot)
{
	int err, status = range_complete(range, fd, file);

	if (status != EX_OK)
		return status;
	if (!range->offset_given && !range->size_given)
		return protect_mapped(fd, file, prot);
	err = protect(fd, range->offset, range->offset + range->size, prot);
	return err ? report_error(file, err) : EX_OK;
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
		return message_usage_error(
			"protect", "give one FILE, the region, and PROT");
	if (prot_parse(argv[optind + 1], &prot))
		return message_usage_error(
			"protect",
			"%s: not a protection; use r, rw, rwx ... or none",
			argv[optind + 1]);
	fd = target_open(argv[optind], TARGET_CHANGE, &status);
	if (fd < 0)
		return status;
	status = protect_range(fd, argv[optind], &range, prot);
	close(fd);
	return status;
}
