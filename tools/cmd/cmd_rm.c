/* SPDX-License-Identifier: MIT */
/* msharectl rm: removes regions, and never other files (msharectl.h) */
#include "msharectl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/msharefs_file.h"
#include "messages.h"

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl rm FILE...\n"
		    "Removes regions. A region that is still open or mapped "
		    "continues without a name\n"
		    "and is freed when the last process releases it. Other "
		    "files are never removed.\n"
		    "\n"
		    "  -h, --help   show this help\n"
		    "\n"
		    "Example: msharectl rm ~/mshare/region\n");
}

/*
 * Checks and removes relative to dir, not by path: whatever is renamed
 * meanwhile, only a file of msharefs can be removed.
 */
static int remove_from(int dir, const char *name, const char *path)
{
	struct stat st;

	if (!is_msharefs_file(dir, "", AT_EMPTY_PATH))
		return message_error(EX_NOINPUT,
				     "%s: not removed: not in a mount of "
				     "msharefs, so it is not a region",
				     path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return message_error(message_exit_status(-errno),
				     "%s: not removed: %s", path,
				     strerror(errno));
	if (S_ISDIR(st.st_mode))
		return message_error(
			EX_NOINPUT,
			"%s: a directory; rmdir(1) removes it if it is empty",
			path);
	if (!is_msharefs_file(dir, name, AT_SYMLINK_NOFOLLOW))
		return message_error(EX_NOINPUT,
				     "%s: not removed: not a region", path);
	if (!unlinkat(dir, name, 0))
		return EX_OK;
	if (errno == EPERM && !strcmp(name, "mshare_info"))
		return message_error(EX_NOPERM,
				     "%s: not removed: not a region, but a "
				     "fixed file of every mount",
				     path);
	return message_error(message_exit_status(-errno), "%s: not removed: %s",
			     path, strerror(errno));
}

static int remove_region(const char *path)
{
	char *for_dir = strdup(path), *for_name = strdup(path);
	int dir, status;

	if (!for_dir || !for_name) {
		status = message_error(EX_OSERR, "out of memory");
	} else {
		dir = open(dirname(for_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0) {
			status = message_error(message_exit_status(-errno),
					       "%s: not removed: %s", path,
					       strerror(errno));
		} else {
			status = remove_from(dir, basename(for_name), path);
			close(dir);
		}
	}
	free(for_dir);
	free(for_name);
	return status;
}

int cmd_rm(int argc, char **argv)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, status, first = EX_OK;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c != 'h')
			return message_usage_error("rm", NULL);
		usage(stdout);
		return EX_OK;
	}
	if (optind == argc)
		return message_usage_error("rm",
					   "give at least one FILE, a region");
	for (int i = optind; i < argc; i++) {
		status = remove_region(argv[i]);
		if (first == EX_OK)
			first = status;
	}
	return first;
}
