/* SPDX-License-Identifier: MIT */
/* Finds the mount that a call uses; mshare_mount_open(). */
#include "api/mount_lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/api.h"
#include "common/default_mount.h"
#include "api/last_error.h"
#include <mshare.h>
#include "common/msharefs_file.h"
#include "common/syscalls.h"

#define KERNELS_MOUNT "/sys/fs/mshare"

/* A descriptor, or -errno; -ENODEV: the directory is not of msharefs. */
static int open_mount(const char *path)
{
	int fd = (int)SYS_CALL(SYS_openat, AT_FDCWD, path,
			       O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0 && !is_msharefs_file(fd, "", AT_EMPTY_PATH)) {
		sys_close(fd);
		return -ENODEV;
	}
	return fd;
}

static const char *why_not(int err)
{
	return err == -ENODEV ? "not mounted there" : strerrordesc_np(-err);
}

/* A mount named by $MSHAREFS_MOUNT is used, or none. */
static int open_named(const char *path)
{
	int fd = open_mount(path);

	if (fd == -EMFILE || fd == -ENFILE)
		return fd;
	return fd >= 0 ? fd
		       : set_reason(
				 ENODEV,
				 "$MSHAREFS_MOUNT is %s: %s; mount it "
				 "(msharectl mount %s) or correct the variable",
				 path, why_not(fd), path);
}

static int open_default(void)
{
	const char *named = secure_getenv("MSHAREFS_MOUNT");
	char own[PATH_MAX];
	int fd, again;

	if (named && *named)
		return open_named(named);
	fd = default_mount_path(own, sizeof(own));
	if (!fd)
		fd = open_mount(own);
	if (fd >= 0 || fd == -EMFILE || fd == -ENFILE)
		return fd;
	again = open_mount(KERNELS_MOUNT);
	if (again >= 0)
		return again;
	return set_reason(
		ENODEV,
		"no msharefs is mounted at %s (%s) or " KERNELS_MOUNT
		" (%s); start one with: msharectl mount; or name another "
		"by $MSHAREFS_MOUNT",
		own, why_not(fd), why_not(again));
}

static int check_handle(int mount)
{
	struct stat st;

	if (fstat(mount, &st))
		return set_reason(EBADF,
				  "the handle of the mount, %d, is not open",
				  mount);
	if (!S_ISDIR(st.st_mode))
		return set_reason(ENOTDIR,
				  "the handle of the mount, %d, is not of "
				  "a directory",
				  mount);
	if (!is_msharefs_file(mount, "", AT_EMPTY_PATH))
		return set_reason(
			ENODEV,
			"the handle of the mount, %d, is not of msharefs",
			mount);
	return 0;
}

int mount_lookup(int mount, int *dir)
{
	int err;

	if (mount != MSHARE_DEFAULT_MOUNT) {
		*dir = mount;
		return check_handle(mount);
	}
	err = open_default();
	if (err < 0)
		return err;
	*dir = err;
	return 0;
}

void mount_lookup_done(int mount, int dir)
{
	if (mount == MSHARE_DEFAULT_MOUNT)
		sys_close(dir);
}

EXPORT int mshare_mount_open(const char *path)
{
	int fd;

	if (!path) {
		fd = open_default();
		return fd >= 0 ? fd
			       : fail(fd, "mshare_mount_open",
				      "the default mount");
	}
	fd = open_mount(path);
	if (fd == -ENODEV)
		set_reason(ENODEV,
			   "msharefs is not mounted there; start it with: "
			   "msharectl mount DIR");
	return fd >= 0 ? fd : fail(fd, "mshare_mount_open", "%s", path);
}
