/* SPDX-License-Identifier: MIT */
/* Finds the mount that a call of libmshare uses. */
#ifndef MOUNT_LOOKUP_H
#define MOUNT_LOOKUP_H

/*
 * mount: the program's descriptor of a mount, or MSHARE_DEFAULT_MOUNT. Returns
 * 0 and sets *dir, to release with mount_lookup_done(); or -errno with the
 * reason set.
 */
int mount_lookup(int mount, int *dir);
void mount_lookup_done(int mount, int dir);

#endif
