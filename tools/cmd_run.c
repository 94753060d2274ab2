/* SPDX-License-Identifier: MIT */
/*
 * msharectl run: sets up the preload and becomes the command, so that its exit
 * status, its signals and its process id are the command's own.
 */
#include "msharectl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto.h"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl run [--mount DIR] -- COMMAND [ARGUMENT...]\n"
		"Runs a command under the preload of msharefs, so that it can "
		"mmap() regions.\n"
		"\n"
		"  -m, --mount DIR   check that msharefs is mounted there, and "
		"tell the command\n"
		"                    ($MSHAREFS_MOUNT)\n"
		"  -h, --help        this text\n"
		"\n"
		"The exit status is the command's; 125 if msharectl fails, 126 "
		"if the command\n"
		"cannot be run, 127 if it is not found.\n"
		"\n"
		"Example: msharectl run --mount /mnt/msharefs -- ./donor "
		"/mnt/msharefs/region\n");
}

static int set_mount(const char *dir)
{
	char *path = realpath(dir, NULL);
	struct stat st;

	if (!path || stat(path, &st)) {
		fprintf(stderr, "msharectl: --mount %s: %s\n", dir,
			strerror(errno));
		free(path);
		return -1;
	}
	if (!MSHARE_INO_IS_OURS(st.st_ino)) {
		fprintf(stderr,
			"msharectl: --mount %s: msharefs is not mounted there; "
			"mount it first: msharefs %s\n",
			dir, dir);
		free(path);
		return -1;
	}
	if (setenv("MSHAREFS_MOUNT", path, 1)) {
		perror("msharectl");
		free(path);
		return -1;
	}
	free(path);
	return 0;
}

/* Ours first, what was there behind it. */
static int set_preload(void)
{
	const char *lib = getenv("MSHAREFS_PRELOAD");
	const char *others = getenv("LD_PRELOAD");
	char *list = NULL;
	int err;

	if (!lib || !*lib)
		lib = PRELOAD_PATH;
	if (access(lib, R_OK)) {
		fprintf(stderr,
			"msharectl: %s: %s; is msharefs installed whole? "
			"($MSHAREFS_PRELOAD names another place)\n",
			lib, strerror(errno));
		return -1;
	}
	if (strpbrk(lib, ": ")) {
		fprintf(stderr,
			"msharectl: %s: the dynamic linker cannot preload a "
			"path with a blank or a colon\n",
			lib);
		return -1;
	}
	if (asprintf(&list, "%s%s%s", lib, others && *others ? ":" : "",
		     others ? others : "") < 0)
		return -1;
	err = setenv("LD_PRELOAD", list, 1);
	free(list);
	return err;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{"mount", required_argument, NULL, 'm'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	/* '+': what follows the command is the command's */
	while ((c = getopt_long(argc, argv, "+m:h", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			if (set_mount(optarg))
				return EXIT_TROUBLE;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EXIT_TROUBLE; /* getopt said why */
		}
	}
	if (optind == argc) {
		fprintf(stderr, "msharectl: run: no command given\n");
		usage(stderr);
		return EXIT_TROUBLE;
	}
	if (set_preload())
		return EXIT_TROUBLE;
	execvp(argv[optind], argv + optind);
	fprintf(stderr, "msharectl: %s: %s\n", argv[optind], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
