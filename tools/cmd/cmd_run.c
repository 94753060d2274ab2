/* SPDX-License-Identifier: MIT */
/*
 * msharectl run (msharectl.h): sets up the preload library and becomes the
 * command, so that exit status, signals and process id are those of the
 * command. Only with a mount of its own for the run does it stay as the parent,
 * to clean up afterwards.
 */
#include "msharectl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind_view.h"
#include "own_mount.h"
#include "common/protocol.h"
#include "share_request.h"
#include "supervise.h"

struct run {
	char *mount;	     /* argument of --mount, or NULL */
	char *at;	     /* absolute argument of --at, or NULL */
	const char *options; /* options of a mount for the run, or NULL */
	struct share_request share;
	char **command;
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl run [options] -- COMMAND [ARGUMENT...]\n"
		    "Runs a command with the preload library of msharefs: its "
		    "shared memory shares\n"
		    "page tables (--share), or it can mmap() regions.\n"
		    "\n"
		    "  -s, --share[=LIST]  put shared memory of the command "
		    "into huge pages\n"
		    "                      whose page tables are shared; LIST: "
		    "anon, require\n"
		    "  -M, --share-min SIZE  only memory of this size or more; "
		    "64M\n"
		    "  -O, --share-only NAME  only in programs of this name\n"
		    "  -m, --mount DIR     check that msharefs is mounted on "
		    "DIR, and set\n"
		    "                      $MSHAREFS_MOUNT for the command\n"
		    "  -a, --at PATH       show the mount at PATH, even "
		    "/sys/fs/mshare, to this\n"
		    "                      command only; without --mount, "
		    "create a mount for the\n"
		    "                      run and remove it afterwards\n"
		    "  -o, --options LIST  options of the mount for the run, "
		    "see msharefs(8)\n"
		    "  -h, --help          show this help\n"
		    "\n"
		    "The exit status is that of the command; 125 if msharectl "
		    "fails, 126 if the\n"
		    "command cannot be run, 127 if it is not found.\n"
		    "\n"
		    "Example: msharectl run --share -- postgres -D data\n"
		    "         msharectl run --mount /mnt/msharefs -- ./donor "
		    "/mnt/msharefs/region\n"
		    "         msharectl run --at /sys/fs/mshare -- ./donor "
		    "/sys/fs/mshare/region\n");
}

/* Returns the real path of a mount, for free(), or NULL after a message. */
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
			"mount it first: msharectl mount %s\n",
			dir, dir);
		free(path);
		return NULL;
	}
	return path;
}

/* Puts our library first and keeps what $LD_PRELOAD already contains. */
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
			"msharectl: %s: cannot read the preload library: %s; "
			"install msharefs completely, or set "
			"$MSHAREFS_PRELOAD to its path\n",
			lib, strerror(errno));
		return -1;
	}
	if (strpbrk(lib, ": ")) {
		fprintf(stderr,
			"msharectl: %s: the dynamic linker cannot preload a "
			"path with a blank or a colon; set $MSHAREFS_PRELOAD "
			"to another path\n",
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
	fprintf(stderr, "msharectl: cannot run %s: %s\n", command[0],
		strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

static ssize_t receive_byte(int from)
{
	ssize_t n;
	char byte;

	do
		n = recv(from, &byte, 1, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/*
 * In the child. peer: a packet to it says that the mount is visible at its
 * path; one from it, that the mount is gone from where the parent made it.
 */
static int show_and_become(const struct run *run, const char *dir,
			   const struct supervise *s, int peer)
{
	char byte = 0;

	if (bind_view_show(dir, run->at) ||
	    send(peer, &byte, 1, MSG_NOSIGNAL) != 1)
		return EXIT_TROUBLE;
	if (receive_byte(peer) != 1) /* the parent was killed */
		return EXIT_TROUBLE;
	close(peer);
	supervise_end(s);
	return become_command(run->command);
}

/*
 * The mount is visible to everyone for a moment only: once the child has its
 * own view, it is unmounted here, and only then does the child become the
 * command. So nothing stays behind, even if we are killed, be it before that
 * moment (own_mount.c) or while the command runs. We wait only so that whoever
 * checks right after us finds everything gone.
 */
static int run_on_own_mount(const struct run *run)
{
	struct own_mount mount;
	struct supervise s;
	int peers[2], status;
	char byte = 0;
	pid_t pid;

	supervise_begin(&s);
	if (own_mount_start(&mount, run->options, &s.mask))
		return EXIT_TROUBLE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peers)) {
		perror("msharectl: cannot create a pair of sockets");
		own_mount_release(&mount);
		return EXIT_TROUBLE;
	}
	pid = fork();
	if (pid == 0) {
		own_mount_leave(&mount);
		close(peers[0]);
		_exit(show_and_become(run, mount.dir, &s, peers[1]));
	}
	close(peers[1]);
	if (pid < 0)
		perror("msharectl: cannot start a process");
	else
		receive_byte(peers[0]); /* or it has ended */
	own_mount_release(&mount);
	send(peers[0], &byte, 1, MSG_NOSIGNAL);
	close(peers[0]);
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
	if (share_request_apply(&run->share) || set_preload())
		return EXIT_TROUBLE;
	if (run->at && !run->mount)
		return run_on_own_mount(run);
	if (run->at && bind_view_show(run->mount, run->at))
		return EXIT_TROUBLE;
	return become_command(run->command);
}

static int parse(int argc, char **argv, struct run *run)
{
	static const struct option options[] = {
		{"mount", required_argument, NULL, 'm'},
		{"at", required_argument, NULL, 'a'},
		{"options", required_argument, NULL, 'o'},
		{"share", optional_argument, NULL, 's'},
		{"share-min", required_argument, NULL, 'M'},
		{"share-only", required_argument, NULL, 'O'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	/* "+": options after the command belong to the command */
	while ((c = getopt_long(argc, argv, "+m:a:o:s::M:O:h", options,
				NULL)) != -1) {
		switch (c) {
		case 'm':
			free(run->mount);
			run->mount = check_mount(optarg);
			if (!run->mount)
				return EXIT_TROUBLE;
			break;
		case 'a':
			free(run->at);
			run->at = bind_view_absolute_path(optarg);
			if (!run->at)
				return EXIT_TROUBLE;
			break;
		case 'o':
			run->options = optarg;
			break;
		case 's':
			run->share.wanted = true;
			run->share.list = optarg;
			break;
		case 'M':
			run->share.min = optarg;
			break;
		case 'O':
			if (share_request_only(&run->share, optarg))
				return EXIT_TROUBLE;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EXIT_TROUBLE; /* getopt_long() has printed why */
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
		fprintf(stderr, "msharectl: run: no command is given; name one "
				"after --\n");
		usage(stderr);
		status = EXIT_TROUBLE;
	}
	if (status < 0 && r.options && (r.mount || !r.at)) {
		fprintf(stderr,
			"msharectl: run: --options applies only to a mount for "
			"the run; use it with --at PATH and without --mount\n");
		status = EXIT_TROUBLE;
	}
	if (status < 0)
		status = run(&r);
	free(r.mount);
	free(r.at);
	free(r.share.only);
	return status;
}
