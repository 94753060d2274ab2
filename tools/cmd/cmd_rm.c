/* SPDX-License-Identifier: MIT */
/* msharectl rm: takes regions' names away; never any other file's. */
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
	fprintf(to,
		"Usage: msharectl rm FILE...\n"
		"Removes regions. One that is open or mapped somewhere goes on "
		"without a name,\n"
		"and is freed when the last process has let go. Nothing but "
		"regions is removed.\n"
		"\n"
		"  -h, --help   this text\n"
		"\n"
		"Example: msharectl rm ~/mshare/region\n");
}

/*
 * dir, not a path, is what is checked and what is removed from: whatever is
 * renamed meanwhile, it can only be a file of msharefs.
 */
static int remove_from(int dir, const char *name, const char *path)
{
	struct stat st;

	if (!ours_file(dir, "", AT_EMPTY_PATH))
		return fail(EX_NOINPUT,
			    "%s: not in a mount of msharefs, and so no region: "
			    "not removed",
			    path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return fail(status_of(-errno), "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fail(EX_NOINPUT,
			    "%s: a directory; rmdir(1) removes it when it is "
			    "empty",
			    path);
	if (!ours_file(dir, name, AT_SYMLINK_NOFOLLOW))
		return fail(EX_NOINPUT, "%s: not a region: not removed", path);
	if (!unlinkat(dir, name, 0))
		return EX_OK;
	if (errno == EPERM && !strcmp(name, "mshare_info"))
		return fail(EX_NOPERM,
			    "%s: this is what every mount has, and no region",
			    path);
	return fail(status_of(-errno), "%s: %s", path, strerror(errno));
}

static int remove_region(const char *path)
{
	char *for_dir = strdup(path), *for_name = strdup(path);
	int dir, status;

	if (!for_dir || !for_name) {
		status = fail(EX_OSERR, "out of memory");
	} else {
		dir = open(dirname(for_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0) {
			status = fail(status_of(-errno), "%s: %s", path,
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
			return fail_usage("rm", NULL);
		usage(stdout);
		return EX_OK;
	}
	if (optind == argc)
		return fail_usage("rm", "give a FILE, a region");
	for (int i = optind; i < argc; i++) {
		status = remove_region(argv[i]);
		if (first == EX_OK)
			first = status;
	}
	return first;
}
