/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of a file, charged to the user who made it
 * (base/quota.h). Call all of this with the namespace lock held.
 */
#ifndef XATTR_QUOTA_H
#define XATTR_QUOTA_H

#include "namespace/inode_struct.h"

/* As xattr_set(), xattr_remove() and xattr_free(); also -EDQUOT. */
int xattr_quota_set(struct namespace *ns, struct inode *inode, const char *name,
		    const void *value, size_t size, int flags);
int xattr_quota_remove(struct namespace *ns, struct inode *inode,
		       const char *name);
void xattr_quota_free(struct namespace *ns, struct inode *inode);

#endif
