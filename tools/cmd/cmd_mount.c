/* SPDX-License-Identifier: MIT */
/* msharectl mount: starts the daemon where a user's regions are. */
#include "msharectl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "common/default_mount.h"
#include "messages.h"
#include "resolve_target.h"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl mount [-o OPTIONS] [DIR]\n"
		"Mounts msharefs, and returns when it serves.\n"
		"Without DIR: on your default mount, which is made if it is "
		"missing:\n"
		"$XDG_RUNTIME_DIR/msharefs, or /run/user/UID/msharefs.\n"
		"What is mounted already stays as it is.\n"
		"\n"
		"  -o, --options OPTIONS  of the mount, divided by commas, see "
		"msharefs(8)\n"
		"  -h, --help             this text\n"
		"\n"
		"Examples: msharectl mount\n"
		"          msharectl mount -o max_size=8G ~/mshare\n"
		"          msharectl umount\n");
}

/* EX_OK or after a message; made: whether it was missing. */
static int make_default(char *dir, size_t size, bool *made)
{
	int err = default_mount_path(dir, size);

	if (err)
		return fail(EX_CANTCREAT, "your default mount: %s",
			    strerror(-err));
	*made = !mkdir(dir, 0700);
	if (*made || errno == EEXIST)
		return EX_OK;
	if (errno == ENOENT)
		return fail(EX_CANTCREAT,
			    "%s: its directory is missing, as nobody has "
			    "logged in here; name DIR, or set "
			    "XDG_RUNTIME_DIR",
			    dir);
	return fail(EX_CANTCREAT, "%s: %s; name DIR", dir, strerror(errno));
}

/* What is known of the directory itself outlives its daemon. */
static bool daemon_is_gone(const char *dir)
{
	struct statx stx;

	return statx(AT_FDCWD, dir, AT_STATX_FORCE_SYNC, STATX_INO, &stx) &&
	       errno == ENOTCONN;
}

static int start(const char *dir, const char *options)
{
	int err = daemon_start(dir, options);

	switch (-err) {
	case 0:
		return EX_OK;
	case ENOEXEC:
		return EX_UNAVAILABLE; /* a message was given */
	case EINVAL:
		return EX_USAGE;
	default:
		/* msharefs has said what is wrong, in better words. */
		return fail(status_of(err), "%s: not mounted%s", dir,
			    err == -ENOENT || err == -ENOTDIR
				    ? ""
				    : "; msharectl doctor looks for the cause");
	}
}

static int mount_on(const char *dir, const char *options)
{
	if (daemon_is_gone(dir))
		return fail(EX_UNAVAILABLE,
			    "%s: mounted, but its daemon has ended; take it "
			    "away first: msharectl umount --lazy %s",
			    dir, dir);
	if (!where_is_root(dir))
		return start(dir, options);
	if (options)
		return fail(EX_CANTCREAT,
			    "%s: mounted already, with the options it has; "
			    "take it away first: msharectl umount %s",
			    dir, dir);
	say("%s: mounted already", dir);
	return EX_OK;
}

/* Of two at once, the second finds the mount of the first. */
static int lock(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

int cmd_mount(int argc, char **argv)
{
	static const struct option longs[] = {
		{"options", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *options = NULL, *dir;
	char path[PATH_MAX];
	bool made = false;
	int c, lock_fd, status;

	while ((c = getopt_long(argc, argv, "o:h", longs, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EX_OK;
		}
		if (c != 'o')
			return fail_usage("mount", NULL);
		options = optarg;
	}
	if (argc - optind > 1)
		return fail_usage("mount", "more than one DIR is given");
	dir = argv[optind] ? argv[optind] : path;
	if (dir == path) {
		status = make_default(path, sizeof(path), &made);
		if (status != EX_OK)
			return status;
	}
	lock_fd = lock(dir);
	status = mount_on(dir, options);
	if (lock_fd >= 0)
		close(lock_fd);
	if (status != EX_OK && made)
		rmdir(path);
	return status;
}
