/* SPDX-License-Identifier: MIT */
/* What is mounted on a path: told without the daemon, which may be dead. */
#ifndef OUR_MOUNT_H
#define OUR_MOUNT_H

#include <stdbool.h>

/* What the list of mounts shows as the source of a tmpfs of sysfs_overlay.h. */
#define OVERLAY_SOURCE "msharefs"

/*
 * realpath(3), for free(), also where the last component is a mount whose
 * daemon has ended. NULL with errno.
 */
char *our_mount_path(const char *path);

/* Whether the last mount on this path, as the kernel writes it, is msharefs. */
bool our_mount_is_there(const char *path);
/* Whether its daemon has ended. Waits for a daemon that is stopped. */
bool our_mount_is_dead(const char *path);

/*
 * Whether the last mount on path is a tmpfs that sysfs_overlay_make() has made,
 * and no mount of msharefs in it has a daemon any more.
 */
bool our_mount_is_old_overlay(const char *path);

#endif
