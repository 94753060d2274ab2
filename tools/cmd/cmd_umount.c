/* SPDX-License-Identifier: MIT */
/*
 * msharectl umount: unmounts, and waits until the daemon has ended
 * (msharectl.h)
 */
#include "msharectl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "mount_programs.h"
#include "common/default_mount.h"
#include "common/our_mount.h"
#include "common/sysfs_overlay.h"
#include "process_info.h"
#include "messages.h"
#include "daemon_status.h"
#include "users.h"

#define END_MS 30000

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl umount [--lazy] [DIR]\n"
		    "Unmounts msharefs, removes its regions, and waits until "
		    "the daemon has ended.\n"
		    "Processes that have mapped regions keep the memory until "
		    "they unmap it or end.\n"
		    "Without DIR: your default mount.\n"
		    "\n"
		    "  -l, --lazy   unmount now even if files are open (the "
		    "daemon ends when the last\n"
		    "               one is closed), or if the daemon has "
		    "already ended\n"
		    "  -h, --help   show this help\n"
		    "\n"
		    "Examples: msharectl umount\n"
		    "          msharectl umount --lazy ~/mshare\n");
}

/*
 * Prints no message on an error: a mount that does not answer can still be
 * unmounted.
 */
static int ask_mount(const char *path, struct mshare_status_mount *mount)
{
	char info[PATH_MAX + sizeof("/mshare_info")];
	int fd, err;

	snprintf(info, sizeof(info), "%s/mshare_info", path);
	fd = open(info, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = daemon_status_mount(fd, mount);
	close(fd);
	return err;
}

/* Returns a pidfd of the daemon, or -1 if its process is not visible. */
static int find_daemon(const char *path, struct mshare_status_mount *mount)
{
	if (ask_mount(path, mount) ||
	    !process_info_same_namespace((pid_t)mount->pid))
		return -1;
	return pidfd_open((pid_t)mount->pid, 0);
}

static int wait_end(const char *path, int daemon, uint32_t pid)
{
	struct pollfd end = {.fd = daemon, .events = POLLIN};
	int n;

	do
		n = poll(&end, 1, END_MS);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return EX_OK;
	return message_error(EX_TEMPFAIL,
			     "%s: unmounted, but its daemon (process %u) has "
			     "not ended yet; wait for it",
			     path, pid);
}

static int report_error(const char *path, int err, dev_t dev)
{
	if (err == -EBUSY) {
		message("%s: in use by:", path);
		users_print(dev);
		return message_error(EX_TEMPFAIL,
				     "end these processes, or unmount in spite "
				     "of them: msharectl umount --lazy %s",
				     path);
	}
	if (err == -EPERM)
		return message_error(EX_NOPERM,
				     "%s: only root and the user who mounted "
				     "it can unmount it",
				     path);
	return message_error(message_exit_status(err), "%s: cannot unmount: %s",
			     path, strerror(-err));
}

static int unmount(const char *path, bool lazy)
{
	struct mshare_status_mount mount = {0};
	struct stat st = {0};
	int daemon, err, status = EX_OK;
	char parent[PATH_MAX];
	bool dead;

	if (!our_mount_is_there(path))
		return message_error(
			EX_NOINPUT,
			"%s: msharefs is not mounted there; findmnt -t "
			"fuse.msharefs lists its mounts",
			path);
	dead = our_mount_is_dead(path);
	stat(path, &st);
	daemon = find_daemon(path, &mount);
	err = mount_program_unmount(path, lazy);
	if (err)
		status = report_error(path, err, st.st_dev);
	else if (daemon >= 0 && !lazy)
		status = wait_end(path, daemon, mount.pid);
	if (!err && dead)
		sysfs_overlay_remove_old(path, parent);
	if (daemon >= 0)
		close(daemon);
	return status;
}

int cmd_umount(int argc, char **argv)
{
	static const struct option longs[] = {
		{"lazy", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	char fallback[PATH_MAX], *path;
	const char *dir = fallback;
	bool lazy = false;
	int c, err, status;

	while ((c = getopt_long(argc, argv, "lh", longs, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EX_OK;
		}
		if (c != 'l')
			return message_usage_error("umount", NULL);
		lazy = true;
	}
	if (argc - optind > 1)
		return message_usage_error("umount", "give at most one DIR");
	err = default_mount_path(fallback, sizeof(fallback));
	if (argv[optind])
		dir = argv[optind];
	else if (err)
		return message_error(
			EX_NOINPUT,
			"cannot determine your default mount: %s; name DIR",
			strerror(-err));
	path = our_mount_path(dir);
	if (!path)
		return message_error(message_exit_status(-errno), "%s: %s", dir,
				     strerror(errno));
	status = unmount(path, lazy);
	free(path);
	return status;
}
