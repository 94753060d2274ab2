/* SPDX-License-Identifier: MIT */
/*
 * msharectl run: sets up the preload and becomes the command, so that its exit
 * status, its signals and its process id are the command's own. Only with a
 * mount made for the run it stays, beside the command, to see it all gone.
 */
#include "msharectl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind_view.h"
#include "own_mount.h"
#include "common/protocol.h"
#include "supervise.h"

struct run {
	char *mount;	     /* --mount, or NULL */
	char *at;	     /* --at, or NULL; absolute */
	const char *options; /* of a mount of our own, or NULL */
	char **command;
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl run [--mount DIR] [--at PATH] -- COMMAND "
		"[ARGUMENT...]\n"
		"Runs a command under the preload of msharefs, so that it can "
		"mmap() regions.\n"
		"\n"
		"  -m, --mount DIR   check that msharefs is mounted there, and "
		"tell the command\n"
		"                    ($MSHAREFS_MOUNT)\n"
		"  -a, --at PATH     the command finds the mount at PATH, also "
		"at /sys/fs/mshare,\n"
		"                    which nobody else does; without --mount, "
		"one is made for the\n"
		"                    run and taken down after it\n"
		"  -o, --options LIST  of the mount made for the run, see "
		"msharefs(8)\n"
		"  -h, --help        this text\n"
		"\n"
		"The exit status is the command's; 125 if msharectl fails, 126 "
		"if the command\n"
		"cannot be run, 127 if it is not found.\n"
		"\n"
		"Example: msharectl run --mount /mnt/msharefs -- ./donor "
		"/mnt/msharefs/region\n"
		"         msharectl run --at /sys/fs/mshare -- ./donor "
		"/sys/fs/mshare/region\n");
}

/* Its real path, for free(), or NULL with a message. */
static char *check_mount(const char *dir)
{
	char *path = realpath(dir, NULL);
	struct stat st;

	if (!path || stat(path, &st)) {
		fprintf(stderr, "msharectl: --mount %s: %s\n", dir,
			strerror(errno));
		free(path);
		return NULL;
	}
	if (!MSHARE_INO_IS_OURS(st.st_ino)) {
		fprintf(stderr,
			"msharectl: --mount %s: msharefs is not mounted there; "
			"mount it first: msharefs %s\n",
			dir, dir);
		free(path);
		return NULL;
	}
	return path;
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

static int become_command(char **command)
{
	execvp(command[0], command);
	fprintf(stderr, "msharectl: %s: %s\n", command[0], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/* In the child. ready: closed once the mount is where it belongs. */
static int show_and_become(const struct run *run, const char *dir,
			   const struct supervise *s, int ready)
{
	if (at_show(dir, run->at))
		return EXIT_TROUBLE;
	close(ready);
	supervise_end(s);
	return become_command(run->command);
}

/*
 * The mount is there for a moment only: when the command has its own view of
 * it, it is taken away for all others. So nothing is left, even if we are
 * killed; that we wait is for those who look right after.
 */
static int run_on_own_mount(const struct run *run)
{
	struct own_mount mount;
	struct supervise s;
	int ready[2], status;
	char nothing;
	pid_t pid;

	supervise_begin(&s);
	if (own_mount_start(&mount, run->options, &s.mask))
		return EXIT_TROUBLE;
	if (pipe2(ready, O_CLOEXEC)) {
		perror("msharectl: pipe");
		own_mount_release(&mount);
		return EXIT_TROUBLE;
	}
	pid = fork();
	if (pid == 0) {
		close(mount.alive);
		_exit(show_and_become(run, mount.dir, &s, ready[1]));
	}
	close(ready[1]);
	if (pid < 0)
		perror("msharectl: fork");
	while (read(ready[0], &nothing, 1) < 0 && errno == EINTR)
		;
	own_mount_release(&mount);
	status = pid < 0 ? EXIT_TROUBLE << 8 : supervise_wait(pid);
	own_mount_wait(&mount);
	supervise_exit(status);
}

static int run(const struct run *run)
{
	const char *told = run->at ? run->at : run->mount;

	if (told && setenv("MSHAREFS_MOUNT", told, 1)) {
		perror("msharectl");
		return EXIT_TROUBLE;
	}
	if (set_preload())
		return EXIT_TROUBLE;
	if (run->at && !run->mount)
		return run_on_own_mount(run);
	if (run->at && at_show(run->mount, run->at))
		return EXIT_TROUBLE;
	return become_command(run->command);
}

static int parse(int argc, char **argv, struct run *run)
{
	static const struct option options[] = {
		{"mount", required_argument, NULL, 'm'},
		{"at", required_argument, NULL, 'a'},
		{"options", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	/* '+': what follows the command is the command's */
	while ((c = getopt_long(argc, argv, "+m:a:o:h", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			free(run->mount);
			run->mount = check_mount(optarg);
			if (!run->mount)
				return EXIT_TROUBLE;
			break;
		case 'a':
			free(run->at);
			run->at = at_whole_path(optarg);
			if (!run->at)
				return EXIT_TROUBLE;
			break;
		case 'o':
			run->options = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EXIT_TROUBLE; /* getopt said why */
		}
	}
	run->command = argv + optind;
	return -1;
}

int cmd_run(int argc, char **argv)
{
	struct run r = {0};
	int status = parse(argc, argv, &r);

	if (status < 0 && !*r.command) {
		fprintf(stderr, "msharectl: run: no command given\n");
		usage(stderr);
		status = EXIT_TROUBLE;
	}
	if (status < 0 && r.options && (r.mount || !r.at)) {
		fprintf(stderr, "msharectl: run: --options are those of a "
				"mount made for the run: give --at PATH, and "
				"no --mount\n");
		status = EXIT_TROUBLE;
	}
	if (status < 0)
		status = run(&r);
	free(r.mount);
	free(r.at);
	return status;
}
