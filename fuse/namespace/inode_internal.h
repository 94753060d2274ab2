/* SPDX-License-Identifier: MIT */
/*
 * What inode.c offers to the rest of namespace/. Call everything here but
 * inode_now() with the namespace lock held.
 */
#ifndef INODE_INTERNAL_H
#define INODE_INTERNAL_H

#include <time.h>
#include <sys/stat.h>

struct inode;
struct inode_seed;
struct namespace;

/* 0, -ENOMEM, or -EDQUOT: the user of the seed may have no more. */
int inode_new(struct namespace *ns, const struct inode_seed *seed,
	      struct inode **out);
struct timespec inode_now(void);
/* Sets mtime and ctime to now. */
void inode_changed(struct inode *inode);
void inode_fill_stat(const struct namespace *ns, struct inode *inode,
		     struct stat *st);
/*
 * Frees what nothing refers to any more. Call it after a name, an open file or
 * a lookup went away.
 */
void inode_settle(struct namespace *ns, struct inode *inode);
/*
 * Releases the namespace lock, then frees the memory of the regions that died
 * while it was held: that takes too long to do under the lock.
 */
void namespace_unlock(struct namespace *ns);

#endif
