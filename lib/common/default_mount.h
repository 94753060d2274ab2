/* SPDX-License-Identifier: MIT */
/* The mount point of a user who names none. */
#ifndef DEFAULT_MOUNT_H
#define DEFAULT_MOUNT_H

#include <stddef.h>

/*
 * $XDG_RUNTIME_DIR/msharefs, or /run/user/UID/msharefs if that variable is not
 * set. The directory and the mount need not exist. 0 or -ENAMETOOLONG.
 */
int default_mount_path(char *path, size_t size);

#endif
