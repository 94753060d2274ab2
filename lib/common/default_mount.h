/* SPDX-License-Identifier: MIT */
/* Where a user's mount is, if nobody says where. */
#ifndef DEFAULT_MOUNT_H
#define DEFAULT_MOUNT_H

#include <stddef.h>

/*
 * $XDG_RUNTIME_DIR/msharefs; without it /run/user/UID/msharefs. Whether there
 * is such a directory, or a mount, is not looked at. 0 or -ENAMETOOLONG.
 */
int default_mount_path(char *path, size_t size);

#endif
