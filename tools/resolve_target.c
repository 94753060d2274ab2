/* SPDX-License-Identifier: MIT */
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

#include "common/default_mount.h"
#include "common/msharefs_file.h"
#include "messages.h"
#include "daemon_status.h"

#define KERNELS_MOUNT "/sys/fs/mshare"

static bool is_mount_root(const char *path)
{
	struct statx stx;

	/* It is known of a mount whose daemon has ended, too. */
	return !statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		      STATX_INO, &stx) &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int where_is_root(const char *path)
{
	return is_mount_root(path) && ours_file(AT_FDCWD, path, 0);
}

static int no_daemon(const char *named, const char *mount)
{
	return fail(EX_UNAVAILABLE,
		    "%s: its daemon has ended; take the mount away: msharectl "
		    "umount --lazy %s",
		    named, mount);
}

static int no_mount(const char *named, int err)
{
	if (err == -ENOTCONN)
		return no_daemon(named, is_mount_root(named) ? named : "DIR");
	return fail(status_of(err), "%s: %s", named, strerror(-err));
}

/* From where->path upwards. */
static int find_root(struct where *where, const char *named)
{
	char *slash;

	where->mount = strdup(where->path);
	if (!where->mount)
		return fail(EX_OSERR, "out of memory");
	while (!is_mount_root(where->mount)) {
		slash = strrchr(where->mount, '/');
		if (!slash || slash == where->mount)
			return fail(EX_UNAVAILABLE,
				    "%s: the root of its mount is not to be "
				    "seen from here",
				    named);
		*slash = 0;
	}
	return EX_OK;
}

static int open_info(struct where *where)
{
	char path[PATH_MAX + sizeof("/mshare_info")];

	snprintf(path, sizeof(path), "%s/mshare_info", where->mount);
	where->info = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (where->info < 0 && errno == ENOTCONN)
		return no_daemon(where->mount, where->mount);
	if (where->info < 0)
		return no_mount(path, -errno);
	return EX_OK;
}

/*
 * Of a region without a name, which is named by a descriptor in /proc: where it
 * was, for free(); or NULL.
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

static int find_in(struct where *where, const char *named)
{
	struct stat st;
	int status;

	if (stat(named, &st))
		return no_mount(named, -errno);
	if (!ours_file(AT_FDCWD, named, 0))
		return fail(EX_NOINPUT,
			    "%s: this is not in a mount of msharefs; mount it "
			    "first (msharectl mount), or give a file that is",
			    named);
	where->path = realpath(named, NULL);
	if (!where->path && errno == ENOENT)
		where->path = last_path(named);
	if (!where->path)
		return no_mount(named, -errno);
	status = find_root(where, named);
	return status == EX_OK ? open_info(where) : status;
}

static int find_default(struct where *where)
{
	const char *told = getenv("MSHAREFS_MOUNT");
	char path[PATH_MAX];
	int err;

	if (told && *told)
		return find_in(where, told);
	err = default_mount_path(path, sizeof(path));
	if (!err && where_is_root(path))
		return find_in(where, path);
	if (where_is_root(KERNELS_MOUNT))
		return find_in(where, KERNELS_MOUNT);
	if (err)
		return fail(EX_UNAVAILABLE,
			    "there is no default mount: %s; name a mount",
			    strerror(-err));
	return fail(EX_UNAVAILABLE,
		    "nothing is mounted on %s, your default mount; mount it "
		    "(msharectl mount), or name a mount",
		    path);
}

int where_find(struct where *where, const char *named)
{
	int status;

	*where = (struct where){.info = -1};
	status = named ? find_in(where, named) : find_default(where);
	if (status != EX_OK)
		where_end(where);
	return status;
}

void where_end(struct where *where)
{
	if (where->info >= 0)
		close(where->info);
	free(where->path);
	free(where->mount);
	*where = (struct where){.info = -1};
}

int where_no_status(const char *named, int err)
{
	if (err == -ENOTTY || err == -EINVAL)
		return fail(EX_UNAVAILABLE,
			    "%s: its daemon is of another release than this "
			    "msharectl; mount anew: msharectl umount, "
			    "msharectl mount",
			    named);
	return no_mount(named, err);
}

int where_status(const struct where *where, struct mshare_status_mount *mount)
{
	int err = status_mount(where->info, mount);

	return err ? where_no_status(where->mount, err) : EX_OK;
}

/* The one regular file that is no region. */
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

int where_try_open(const char *path, enum where_access access)
{
	static const int looks[] = {O_RDONLY, O_WRONLY};
	static const int changes[] = {O_RDWR, O_WRONLY};
	const int *flags = access == WHERE_LOOK ? looks : changes;
	struct stat st;
	int fd;

	/* A region; anything else might hang, or be changed by it. */
	if (stat(path, &st))
		return -errno;
	if (!ours_file(AT_FDCWD, path, 0) || is_info(path))
		return -EMEDIUMTYPE;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	fd = open(path, flags[0] | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == EACCES)
		fd = open(path, flags[1] | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int where_open(const char *path, enum where_access access, int *status)
{
	int fd = where_try_open(path, access);

	if (fd >= 0)
		return fd;
	switch (-fd) {
	case EMEDIUMTYPE:
		*status = fail(EX_NOINPUT,
			       "%s: this is not a region of msharefs", path);
		break;
	case EISDIR:
		*status =
			fail(EX_NOINPUT,
			     "%s: a directory; name a region in it (msharectl "
			     "ls shows them)",
			     path);
		break;
	case EACCES:
		*status = fail(EX_NOPERM,
			       "%s: its owner and mode do not let you %s it",
			       path,
			       access == WHERE_LOOK ? "look into" : "change");
		break;
	default:
		*status = no_mount(path, fd);
	}
	return -1;
}
