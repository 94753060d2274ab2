/* SPDX-License-Identifier: MIT */
/* Reads the list of mounts. */
#include "common/our_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/daemon_gone.h"

/* Joins the real path of the parent and the last component. */
static char *path_in_parent(const char *path)
{
	char *copy = strdup(path), *parent = NULL, *slash, *whole = NULL;

	if (!copy)
		return NULL;
	while ((slash = strrchr(copy, '/')) && !slash[1] && slash != copy)
		*slash = 0;
	if (slash)
		*slash = 0;
	parent = realpath(!slash ? "." : *copy ? copy : "/", NULL);
	if (!parent ||
	    asprintf(&whole, "%s/%s", strcmp(parent, "/") ? parent : "",
		     slash ? slash + 1 : copy) < 0)
		whole = NULL;
	free(parent);
	free(copy);
	return whole;
}

char *our_mount_path(const char *path)
{
	char *whole = realpath(path, NULL);

	return whole || !daemon_is_gone(errno) ? whole : path_in_parent(path);
}

static bool is_ours(const struct mntent *m)
{
	return !strcmp(m->mnt_type, "fuse.msharefs") ||
	       !strcmp(m->mnt_type, "msharefs");
}

static bool is_overlay(const struct mntent *m)
{
	return !strcmp(m->mnt_type, "tmpfs") &&
	       !strcmp(m->mnt_fsname, OVERLAY_SOURCE);
}

/* What is() says of the last mount on a path, which covers the others. */
static bool last_is(const char *path, bool (*is)(const struct mntent *))
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;
	bool last = false;

	while (mounts && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_dir, path))
			last = is(m);
	if (mounts)
		endmntent(mounts);
	return last;
}

bool our_mount_is_there(const char *path)
{
	return last_is(path, is_ours);
}

/*
 * AT_STATX_FORCE_SYNC: the kernel may still remember the attributes of the
 * directory after the daemon has ended.
 */
bool our_mount_is_dead(const char *path)
{
	struct statx stx;

	return statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_INO, &stx) &&
	       daemon_is_gone(errno);
}

static bool is_directly_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && path[n] == '/' &&
	       !strchr(path + n + 1, '/');
}

bool our_mount_is_old_overlay(const char *path)
{
	const struct mntent *m;
	bool old = last_is(path, is_overlay);
	FILE *mounts;

	if (!old)
		return false;
	mounts = setmntent("/proc/self/mounts", "re");
	while (mounts && old && (m = getmntent(mounts)))
		if (is_ours(m) && is_directly_in(m->mnt_dir, path))
			old = our_mount_is_dead(m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return old && mounts;
}
