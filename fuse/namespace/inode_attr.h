/* SPDX-License-Identifier: MIT */
/*
 * Modes that follow access control lists. Call both functions with the
 * namespace lock held. (inode_set(), which locks by itself, is in inode.h.)
 */
#ifndef INODE_ATTR_H
#define INODE_ATTR_H

#include <sys/types.h>

struct inode;
struct namespace;

/* Sets the mode, and the access control list to match it. */
void inode_chmod(struct inode *inode, mode_t mode);
/*
 * Gives a new inode the access control lists that it inherits from dir, and the
 * mode they allow; without a default list in dir, the umask applies. 0 or
 * -errno.
 */
int inode_inherit(struct namespace *ns, const struct inode *dir,
		  struct inode *inode, mode_t umask);

#endif
