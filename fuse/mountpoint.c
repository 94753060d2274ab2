/* SPDX-License-Identifier: MIT */
#include "mountpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "common/our_mount.h"

static int cover_parent(struct sysfs_overlay *cover, const char *mountpoint)
{
	int err = sysfs_overlay_make(cover, mountpoint);

	if (!err)
		log_msg(LOG_NOTICE,
			"mounting a tmpfs over %s, which shows the same files "
			"and the new directory %s; it is unmounted at the end",
			cover->parent, mountpoint);
	return err;
}

void mountpoint_uncover(struct sysfs_overlay *cover)
{
	const struct sysfs_overlay old = *cover;
	int err = sysfs_overlay_remove(cover);

	if (err)
		log_msg(LOG_ERR, "unmounting the tmpfs over %s: %s", old.parent,
			strerror(-err));
}

/* A daemon that was killed leaves its overlay behind, and its mount in it. */
static void remove_old_overlays(const char *mountpoint)
{
	char parent[PATH_MAX];

	while (!sysfs_overlay_remove_old(mountpoint, parent))
		log_msg(LOG_NOTICE,
			"unmounting the tmpfs that a former daemon has left "
			"over %s",
			parent);
}

/* Whether nothing of ours is mounted there. */
static int check_free(const char *path)
{
	if (!our_mount_is_there(path))
		return 0;
	if (our_mount_is_dead(path)) {
		log_msg(LOG_ERR,
			"mount point %s: msharefs is mounted there, but its "
			"daemon has ended; unmount it first: fusermount3 -u -z "
			"%s",
			path, path);
		return -ENOTCONN;
	}
	log_msg(LOG_ERR,
		"mount point %s: msharefs is mounted there already; use that "
		"mount, or unmount it first: fusermount3 -u %s",
		path, path);
	return -EBUSY;
}

int mountpoint_find(struct options *options, struct sysfs_overlay *cover)
{
	char *path;
	int err;

	remove_old_overlays(options->mountpoint);
	path = our_mount_path(options->mountpoint);
	err = path ? 0 : -errno;
	if (err == -ENOENT) {
		err = cover_parent(cover, options->mountpoint);
		if (!err)
			path = realpath(options->mountpoint, NULL);
	}
	if (!path) {
		err = err ? err : -errno;
		log_msg(LOG_ERR, "mount point %s: %s", options->mountpoint,
			strerror(-err));
		return err;
	}
	err = check_free(path);
	if (err) {
		free(path);
		return err;
	}
	free(options->mountpoint);
	options->mountpoint = path;
	return 0;
}
