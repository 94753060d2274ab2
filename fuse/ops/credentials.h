/* SPDX-License-Identifier: MIT */
/* What a request loses by who makes it: set-user-id and set-group-id bits. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "ops/server.h"

/*
 * Of INODE_DROP_*, what a change of the file by who asks for it
 * takes. (Root may keep it: the kernel does not hand capabilities on.)
 */
unsigned int credentials_drops(fuse_req_t req, struct inode *inode);
/*
 * What chown() of a regular file takes beside what the kernel sees to: 0 and
 * *what has more in it, or -EPERM, as even without a new owner this is a
 * change of the mode.
 */
int credentials_chown(fuse_req_t req, struct inode *inode, unsigned int *what);

#endif
