/* SPDX-License-Identifier: MIT */
/* msharectl umount: takes a mount away, and waits until its daemon has ended.
 */
#include "msharectl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <mntent.h>
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

#include "daemon.h"
#include "common/default_mount.h"
#include "process_info.h"
#include "messages.h"
#include "daemon_status.h"
#include "users.h"

#define END_MS 30000

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl umount [--lazy] [DIR]\n"
		"Takes a mount of msharefs away, with its regions, and waits "
		"until its daemon has\n"
		"ended. Processes that have mapped regions keep their memory "
		"until they let go.\n"
		"Without DIR: your default mount.\n"
		"\n"
		"  -l, --lazy   also while files are open: away now, the "
		"daemon ends with the\n"
		"               last of them; and a mount whose daemon is "
		"gone\n"
		"  -h, --help   this text\n"
		"\n"
		"Examples: msharectl umount\n"
		"          msharectl umount --lazy ~/mshare\n");
}

/* A whole path, for free(), even if its last part is a dead mount; or NULL. */
static char *whole_path(const char *dir)
{
	char *path = realpath(dir, NULL), *parent, *slash, *copy;

	if (path || errno != ENOTCONN)
		return path;
	copy = strdup(dir);
	if (!copy)
		return NULL;
	while ((slash = strrchr(copy, '/')) && !slash[1] && slash != copy)
		*slash = 0;
	if (slash)
		*slash = 0;
	parent = realpath(!slash ? "." : *copy ? copy : "/", NULL);
	if (!parent ||
	    asprintf(&path, "%s/%s", strcmp(parent, "/") ? parent : "",
		     slash ? slash + 1 : copy) < 0)
		path = NULL;
	free(parent);
	free(copy);
	return path;
}

/* By the kernel's list, which needs no daemon. */
static bool is_our_mount(const char *path)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	bool ours = false;

	/* The last one is the one on top. */
	while (mounts && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_dir, path))
			ours = !strcmp(entry->mnt_type, "fuse.msharefs") ||
			       !strcmp(entry->mnt_type, "msharefs");
	if (mounts)
		endmntent(mounts);
	return ours;
}

/* Without a word if it does not answer: then it is taken away all the same. */
static int ask_mount(const char *path, struct mshare_status_mount *mount)
{
	char info[PATH_MAX + sizeof("/mshare_info")];
	int fd, err;

	snprintf(info, sizeof(info), "%s/mshare_info", path);
	fd = open(info, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = status_mount(fd, mount);
	close(fd);
	return err;
}

/* A descriptor of the daemon's process, or -1 if it is not to be seen. */
static int find_daemon(const char *path, struct mshare_status_mount *mount)
{
	if (ask_mount(path, mount) ||
	    !process_same_namespace((pid_t)mount->pid))
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
	return fail(EX_TEMPFAIL,
		    "%s: taken away, but its daemon, process %u, is still at "
		    "work",
		    path, pid);
}

static int refused(const char *path, int err, dev_t dev)
{
	if (err == -EBUSY) {
		say("%s: in use:", path);
		users_print(dev);
		return fail(EX_TEMPFAIL,
			    "end them, or take it away all the same: msharectl "
			    "umount --lazy %s",
			    path);
	}
	if (err == -EPERM)
		return fail(EX_NOPERM,
			    "%s: only who has mounted it, or root, can take "
			    "it away",
			    path);
	return fail(status_of(err), "%s: %s", path, strerror(-err));
}

static int take_away(const char *path, bool lazy)
{
	struct mshare_status_mount mount = {0};
	struct stat st = {0};
	int daemon, err, status = EX_OK;

	if (!is_our_mount(path))
		return fail(EX_NOINPUT,
			    "%s: no msharefs is mounted there; findmnt -t "
			    "fuse.msharefs shows where one is",
			    path);
	stat(path, &st);
	daemon = find_daemon(path, &mount);
	err = daemon_unmount(path, lazy);
	if (err)
		status = refused(path, err, st.st_dev);
	else if (daemon >= 0 && !lazy)
		status = wait_end(path, daemon, mount.pid);
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
			return fail_usage("umount", NULL);
		lazy = true;
	}
	if (argc - optind > 1)
		return fail_usage("umount", "more than one DIR is given");
	err = default_mount_path(fallback, sizeof(fallback));
	if (argv[optind])
		dir = argv[optind];
	else if (err)
		return fail(EX_NOINPUT, "your default mount: %s",
			    strerror(-err));
	path = whole_path(dir);
	if (!path)
		return fail(status_of(-errno), "%s: %s", dir, strerror(errno));
	status = take_away(path, lazy);
	free(path);
	return status;
}
