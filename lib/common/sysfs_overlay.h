/* SPDX-License-Identifier: MIT */
/*
 * The kernel series is mounted on /sys/fs/mshare, a directory that it makes
 * itself; sysfs lets nobody else make one. So that
 *
 *	mount -t msharefs msharefs /sys/fs/mshare
 *
 * works to the letter, root may cover the parent with a tmpfs that holds what
 * was there (bind mounts) and the missing directory. The daemon does so, and
 * takes it away when it ends; msharectl run --at, in a mount namespace where
 * everybody is root enough, need not take it away.
 */
#ifndef SYSFS_OVERLAY_H
#define SYSFS_OVERLAY_H

#include <limits.h>

struct cover {
	char parent[PATH_MAX]; /* empty: nothing is covered */
};

/*
 * If mountpoint is missing and its parent is in sysfs: 0, and it is there.
 * -ENOENT if that is not the case, or what mount(2) says; then nothing is left.
 */
int cover_make(struct cover *cover, const char *mountpoint);
/* What umount(2) says. */
int cover_remove(struct cover *cover);

#endif
