/* SPDX-License-Identifier: MIT */
/* The mount that a call of libmshare is about. */
#ifndef MOUNT_LOOKUP_H
#define MOUNT_LOOKUP_H

/*
 * mount: a handle of the program's, or MSHARE_DEFAULT_MOUNT. 0 and *dir, for
 * mount_lookup_done(), or -errno with the reason noted.
 */
int mount_lookup(int mount, int *dir);
void mount_lookup_done(int mount, int dir);

#endif
