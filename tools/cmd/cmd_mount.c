/* SPDX-License-Identifier: MIT */
/* msharectl mount: starts the daemon on a directory (msharectl.h) */
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

#include "mount_programs.h"
#include "common/default_mount.h"
#include "common/our_mount.h"
#include "messages.h"
#include "resolve_target.h"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl mount [-o OPTIONS] [DIR]\n"
		"Mounts msharefs and returns once it is ready.\n"
		"Without DIR: on your default mount, $XDG_RUNTIME_DIR/msharefs "
		"or\n"
		"/run/user/UID/msharefs, which is created if it is missing.\n"
		"If msharefs is mounted there already, nothing changes.\n"
		"\n"
		"  -o, --options OPTIONS  mount options, separated by commas; "
		"see msharefs(8)\n"
		"  -h, --help             show this help\n"
		"\n"
		"Examples: msharectl mount\n"
		"          msharectl mount -o max_size=8G ~/mshare\n");
}

/*
 * Creates the directory of the default mount. Returns EX_OK, or the exit status
 * after a message. made: whether it was missing.
 */
static int make_default(char *dir, size_t size, bool *made)
{
	int err = default_mount_path(dir, size);

	if (err)
		return message_error(
			EX_CANTCREAT,
			"cannot determine your default mount: %s; name DIR",
			strerror(-err));
	*made = !mkdir(dir, 0700);
	if (*made || errno == EEXIST)
		return EX_OK;
	if (errno == ENOENT)
		return message_error(
			EX_CANTCREAT,
			"%s: its parent directory is missing, because there is "
			"no login session; name DIR, or set XDG_RUNTIME_DIR",
			dir);
	return message_error(EX_CANTCREAT,
			     "%s: cannot create the directory: %s; name DIR",
			     dir, strerror(errno));
}

static int start(const char *dir, const char *options)
{
	int err = mount_program_start(dir, options);

	switch (-err) {
	case 0:
		return EX_OK;
	case ENOEXEC:
		return EX_UNAVAILABLE; /* a message has been printed */
	case EINVAL:
		return EX_USAGE;
	default:
		/* msharefs has already printed the reason. */
		return message_error(
			message_exit_status(err), "%s: cannot mount msharefs%s",
			dir,
			err == -ENOENT || err == -ENOTDIR
				? ""
				: "; to find the cause, run: msharectl doctor");
	}
}

static int mount_on(const char *dir, const char *options)
{
	if (our_mount_is_dead(dir))
		return message_error(
			EX_UNAVAILABLE,
			"%s: already mounted, but the daemon has ended; "
			"unmount it first: msharectl umount --lazy %s",
			dir, dir);
	if (!target_is_mount_root(dir))
		return start(dir, options);
	if (options)
		return message_error(
			EX_CANTCREAT,
			"%s: already mounted, perhaps with other options; "
			"unmount it first: msharectl umount %s",
			dir, dir);
	message("%s: already mounted", dir);
	return EX_OK;
}

/* If two run at once, the second one finds the mount of the first. */
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
			return message_usage_error("mount", NULL);
		options = optarg;
	}
	if (argc - optind > 1)
		return message_usage_error("mount", "give at most one DIR");
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
