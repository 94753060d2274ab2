/* SPDX-License-Identifier: MIT */
/* Finds the mount and the region that an argument means. */
#include "resolve_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/daemon_gone.h"
#include "common/default_mount.h"
#include "common/msharefs_file.h"
#include "messages.h"
#include "daemon_status.h"

#define KERNELS_MOUNT "/sys/fs/mshare"

static bool is_mount_root(const char *path)
{
	struct statx stx;

	/* The kernel answers this even if the daemon has ended. */
	return !statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		      STATX_INO, &stx) &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int target_is_mount_root(const char *path)
{
	return is_mount_root(path) && is_msharefs_file(AT_FDCWD, path, 0);
}

static int no_daemon(const char *named, const char *mount)
{
	return message_error(EX_UNAVAILABLE,
			     "%s: the daemon of this mount has ended; unmount "
			     "it: msharectl umount --lazy %s",
			     named, mount);
}

static int no_mount(const char *named, int err)
{
	if (daemon_is_gone(-err))
		return no_daemon(named, is_mount_root(named) ? named : "DIR");
	return message_error(message_exit_status(err), "%s: %s", named,
			     strerror(-err));
}

/* Finds the root of the mount, from target->path upwards. */
static int find_root(struct target *target, const char *named)
{
	char *slash;

	target->mount = strdup(target->path);
	if (!target->mount)
		return message_error(EX_OSERR, "out of memory");
	while (!is_mount_root(target->mount)) {
		slash = strrchr(target->mount, '/');
		if (!slash || slash == target->mount)
			return message_error(
				EX_UNAVAILABLE,
				"%s: the root of its mount is not visible from "
				"here; name a path in the mount itself",
				named);
		*slash = 0;
	}
	return EX_OK;
}

static int open_info(struct target *target)
{
	char path[PATH_MAX + sizeof("/mshare_info")];

	snprintf(path, sizeof(path), "%s/mshare_info", target->mount);
	target->info = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (target->info < 0 && daemon_is_gone(errno))
		return no_daemon(target->mount, target->mount);
	if (target->info < 0)
		return no_mount(path, -errno);
	return EX_OK;
}

/*
 * The last path of a region without a name, which is named by a descriptor in
 * /proc: a string for free(), or NULL.
 */
static char *last_path(const char *named)
{
	static const char deleted[] = " (deleted)";
	char text[PATH_MAX + sizeof(deleted)];
	ssize_t n = readlink(named, text, sizeof(text) - 1);
	size_t tail = sizeof(deleted) - 1;

	if (n < 0)
		return NULL;
	text[n] = 0;
	if ((size_t)n > tail && !strcmp(text + n - tail, deleted))
		text[(size_t)n - tail] = 0;
	return *text == '/' ? strdup(text) : NULL;
}

static int find_in(struct target *target, const char *named)
{
	struct stat st;
	int status;

	if (stat(named, &st))
		return no_mount(named, -errno);
	if (!is_msharefs_file(AT_FDCWD, named, 0))
		return message_error(
			EX_NOINPUT,
			"%s: not in a mount of msharefs; mount it first "
			"(msharectl mount), or name a file in a mount",
			named);
	target->path = realpath(named, NULL);
	if (!target->path && errno == ENOENT)
		target->path = last_path(named);
	if (!target->path)
		return no_mount(named, -errno);
	status = find_root(target, named);
	return status == EX_OK ? open_info(target) : status;
}

static const char *told_mount(void)
{
	const char *told = getenv("MSHAREFS_MOUNT");

	return told && *told ? told : NULL;
}

/*
 * Returns the mount of those who name none, or NULL. Sets path to the default
 * mount of the user, or *err.
 */
static const char *default_mount(char path[PATH_MAX], int *err)
{
	*err = default_mount_path(path, PATH_MAX);
	if (!*err && target_is_mount_root(path))
		return path;
	return target_is_mount_root(KERNELS_MOUNT) ? KERNELS_MOUNT : NULL;
}

bool target_is_unnamed(const char *named)
{
	return !named && !told_mount();
}

bool target_has_default(void)
{
	char path[PATH_MAX];
	int err;

	return default_mount(path, &err);
}

static int find_default(struct target *target)
{
	const char *found = told_mount();
	char path[PATH_MAX];
	int err = 0;

	if (!found)
		found = default_mount(path, &err);
	if (found)
		return find_in(target, found);
	if (err)
		return message_error(
			EX_UNAVAILABLE,
			"cannot determine your default mount: %s; name a mount",
			strerror(-err));
	return message_error(
		EX_UNAVAILABLE,
		"msharefs is not mounted on %s, your default mount; mount it "
		"(msharectl mount), or name a mount",
		path);
}

int resolve_target(struct target *target, const char *named)
{
	int status;

	*target = (struct target){.info = -1};
	status = named ? find_in(target, named) : find_default(target);
	if (status != EX_OK)
		target_close(target);
	return status;
}

void target_close(struct target *target)
{
	if (target->info >= 0)
		close(target->info);
	free(target->path);
	free(target->mount);
	*target = (struct target){.info = -1};
}

int target_status_error(const char *named, int err)
{
	if (err == -ENOTTY || err == -EINVAL)
		return message_error(
			EX_UNAVAILABLE,
			"%s: its daemon is from a different release than this "
			"msharectl; unmount and mount again: msharectl umount; "
			"msharectl mount",
			named);
	if (err == -EPROTO)
		return message_error(EX_UNAVAILABLE,
				     "%s: its daemon gave an answer that makes "
				     "no sense; do not trust this mount",
				     named);
	if (err == -E2BIG)
		return message_error(EX_OSERR,
				     "%s: it has more mappings or windows than "
				     "the %u that msharectl lists",
				     named, DAEMON_STATUS_LONGEST);
	return no_mount(named, err);
}

int target_mount_status(const struct target *target,
			struct mshare_status_mount *mount)
{
	int err = daemon_status_mount(target->info, mount);

	return err ? target_status_error(target->mount, err) : EX_OK;
}

/* Whether path is mshare_info, the only regular file that is not a region. */
static bool is_info(const char *path)
{
	char *whole = realpath(path, NULL);
	char *slash = whole ? strrchr(whole, '/') : NULL;
	bool is = false;

	if (slash && !strcmp(slash, "/mshare_info")) {
		*slash = 0;
		is = is_mount_root(whole);
	}
	free(whole);
	return is;
}

int target_try_open(const char *path, enum target_access access)
{
	static const int looks[] = {O_RDONLY, O_WRONLY};
	static const int changes[] = {O_RDWR, O_WRONLY};
	const int *flags = access == TARGET_INSPECT ? looks : changes;
	struct stat st;
	int fd;

	/* Only a region: to open anything else might block or change it. */
	if (stat(path, &st))
		return -errno;
	if (!is_msharefs_file(AT_FDCWD, path, 0) || is_info(path))
		return -EMEDIUMTYPE;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	fd = open(path, flags[0] | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == EACCES)
		fd = open(path, flags[1] | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int target_open(const char *path, enum target_access access, int *status)
{
	int fd = target_try_open(path, access);

	if (fd >= 0)
		return fd;
	switch (-fd) {
	case EMEDIUMTYPE:
		*status = message_error(EX_NOINPUT,
					"%s: not a region of msharefs", path);
		break;
	case EISDIR:
		*status = message_error(EX_NOINPUT,
					"%s: a directory; name a region in it "
					"(msharectl ls lists them)",
					path);
		break;
	case EACCES:
		*status = message_error(
			EX_NOPERM,
			"%s: its owner and mode do not let you %s it; use a "
			"mode that does (chmod)",
			path, access == TARGET_INSPECT ? "inspect" : "change");
		break;
	default:
		*status = no_mount(path, fd);
	}
	return -1;
}
