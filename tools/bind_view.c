/* SPDX-License-Identifier: MIT */
/* Shows a mount at another path, in a mount namespace of our own. */
#include "bind_view.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sysfs_overlay.h"
#include "userns.h"

char *bind_view_absolute_path(const char *path)
{
	char *here = NULL, *whole = NULL;

	if (*path == '/')
		whole = strdup(path);
	else if ((here = getcwd(NULL, 0)) &&
		 asprintf(&whole, "%s/%s", here, path) < 0)
		whole = NULL;
	if (!whole)
		fprintf(stderr, "msharectl: --at %s: %s\n", path,
			strerror(errno));
	free(here);
	for (size_t n = whole ? strlen(whole) : 0; n > 1 && whole[n - 1] == '/';
	     n--)
		whole[n - 1] = 0;
	return whole;
}

/* User namespaces */

static void report_namespace_error(const char *path, const char *what)
{
	int err = errno;
	const char *command = userns_mend();

	fprintf(stderr,
		"msharectl: --at %s: cannot create a mount namespace: %s: %s; ",
		path, what, strerror(err));
	if (!geteuid())
		fprintf(stderr, "this needs CAP_SYS_ADMIN, which the container "
				"may not grant\n");
	else if (command)
		fprintf(stderr, "run as root: %s; or run msharectl as root\n",
			command);
	else
		fprintf(stderr,
			"a container, a chroot or a security module may forbid "
			"user namespaces; run msharectl as root\n");
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Lets the command keep its own user and group ids. */
static int map_ids(uid_t uid, gid_t gid)
{
	char map[64];

	/* The kernel accepts gid_map only after this. */
	if (write_text("/proc/self/setgroups", "deny") && errno != ENOENT)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (write_text("/proc/self/uid_map", map))
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return write_text("/proc/self/gid_map", map);
}

static int enter_namespace(const char *path)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWNS)) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) {
			report_namespace_error(path, "unshare");
			return -1;
		}
		if (map_ids(uid, gid)) {
			report_namespace_error(path,
					       "mapping the user and group");
			return -1;
		}
	}
	/*
	 * Our mounts stay in this namespace, and later mounts outside stay out
	 * of it.
	 */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		report_namespace_error(path, "mount");
		return -1;
	}
	return 0;
}

/* Mounts */

/*
 * Makes sure that path is a directory. Returns 0, 1 if dir is already visible
 * there, or -1 after a message.
 */
static int make_mount_point(const char *dir, const char *path)
{
	struct sysfs_overlay overlay = {.parent = ""};
	struct stat at, from;
	int err = stat(path, &at) ? -errno : 0;

	if (!err && !S_ISDIR(at.st_mode))
		err = -ENOTDIR;
	if (!err)
		return !stat(dir, &from) && from.st_dev == at.st_dev &&
		       from.st_ino == at.st_ino;
	if (err == -ENOENT) {
		err = sysfs_overlay_make(&overlay, path);
		if (!err)
			return 0;
	}
	fprintf(stderr, "msharectl: --at %s: %s%s%s\n", path, strerror(-err),
		err == -ENOENT ? "; create the directory first: mkdir " : "",
		err == -ENOENT ? path : "");
	return -1;
}

int bind_view_show(const char *dir, const char *path)
{
	char *here = getcwd(NULL, 0);
	int ret = enter_namespace(path);

	if (!ret)
		ret = make_mount_point(dir, path);
	if (!ret && mount(dir, path, NULL, MS_BIND | MS_REC, NULL)) {
		fprintf(stderr,
			"msharectl: --at %s: cannot mount %s there: %s\n", path,
			dir, strerror(errno));
		ret = -1;
	}
	/*
	 * The new mount may cover the current directory: enter it again by its
	 * path. If that fails, stay where we are.
	 */
	if (here && chdir(here))
		errno = 0;
	free(here);
	return ret < 0 ? -1 : 0;
}
