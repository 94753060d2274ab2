/* SPDX-License-Identifier: MIT */
/* Decides which set-user-id and set-group-id bits a request clears. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "ops/server.h"

/*
 * Returns the INODE_DROP_* flags for a change of the file by the requester.
 * Root keeps the bits: FUSE does not tell whether it has CAP_FSETID.
 */
unsigned int credentials_drops(fuse_req_t req, struct inode *inode);
/*
 * Adds to *what the flags that chown() of a regular file needs beyond what the
 * kernel sends. 0, or -EPERM if the requester is not the file's owner: clearing
 * bits changes the mode, even if chown() leaves the owner as it is.
 */
int credentials_chown(fuse_req_t req, struct inode *inode, unsigned int *what);

#endif
