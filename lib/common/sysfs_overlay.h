/* SPDX-License-Identifier: MIT */
/*
 * Makes a mount point in sysfs, where the kernel lets nobody create
 *directories.
 *
 * The kernel series creates /sys/fs/mshare itself. So that the same command,
 *
 *	mount -t msharefs msharefs /sys/fs/mshare
 *
 * works here, a tmpfs is mounted over the parent directory. It contains the
 * missing directory, and a bind mount of each directory that was there. The
 * daemon, as root, makes this overlay and removes it when it ends. msharectl
 * run --at makes it in a mount namespace of its own and leaves it.
 */
#ifndef SYSFS_OVERLAY_H
#define SYSFS_OVERLAY_H

#include <limits.h>
#include <sys/types.h>

struct sysfs_overlay {
	char parent[PATH_MAX]; /* empty: there is no overlay */
	dev_t device;	       /* of the tmpfs */
};

/*
 * Makes a missing mountpoint whose parent is in sysfs. Returns 0; -ENOENT if
 * the parent is not in sysfs; or an error of mount(2). Undone on failure.
 */
int sysfs_overlay_make(struct sysfs_overlay *overlay, const char *mountpoint);
/* Returns 0 or an error of umount(2); 0 too if somebody has removed it. */
int sysfs_overlay_remove(struct sysfs_overlay *overlay);
/*
 * Removes an overlay over the parent of mountpoint whose daemon has not lived
 * to remove it, with the dead mount in it. Returns 0 and sets parent; -ENOENT:
 * there is none; or an error of umount(2).
 */
int sysfs_overlay_remove_old(const char *mountpoint, char parent[PATH_MAX]);

#endif
