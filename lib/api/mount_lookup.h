/* SPDX-License-Identifier: MIT */
/* The mount that a call of libmshare is about. */
#ifndef MOUNT_LOOKUP_H
#define MOUNT_LOOKUP_H

/*
 * mount: a handle of the program's, or MSHARE_DEFAULT_MOUNT. 0 and *dir, for
 * which_mount_done(), or -errno with the reason noted.
 */
int which_mount(int mount, int *dir);
void which_mount_done(int mount, int dir);

#endif
