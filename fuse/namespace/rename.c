/* SPDX-License-Identifier: MIT */
/* rename(2), in all its forms. */
#include "namespace/dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void exchange(struct inode *dir, struct dentry *a, struct inode *to_dir,
		     struct dentry *b)
{
	struct inode *inode = a->inode;

	a->inode = b->inode;
	b->inode = inode;
	if (S_ISDIR(a->inode->mode)) {
		a->inode->parent = dir;
		to_dir->nlink--;
		dir->nlink++;
	}
	if (S_ISDIR(b->inode->mode)) {
		b->inode->parent = to_dir;
		dir->nlink--;
		to_dir->nlink++;
	}
	a->inode->ctime = b->inode->ctime = inode_now();
}

static int move(struct namespace *ns, struct inode *dir, struct dentry *n,
		struct inode *to_dir, const char *to_name,
		struct dentry *victim)
{
	struct dentry *fresh = dentry_new(to_name);
	struct inode *inode = n->inode;

	if (!fresh)
		return -ENOMEM;
	if (victim)
		dentry_drop(ns, to_dir, victim);
	dentry_unlink(dir, n);
	free(n);
	dentry_link(to_dir, fresh, inode);
	inode->ctime = inode_now();
	return 0;
}

static int rename_locked(struct namespace *ns, struct inode *dir,
			 const char *name, struct inode *to_dir,
			 const char *to_name, unsigned int flags)
{
	struct dentry *from, *to;
	int err = dir_check_name(to_dir, to_name);

	if (err)
		return err;
	from = dentry_find(dir, name);
	to = dentry_find(to_dir, to_name);
	if (!from || (flags & RENAME_EXCHANGE && !to))
		return -ENOENT;
	if (from->inode->is_info || (to && to->inode->is_info))
		return -EPERM;
	if (flags & RENAME_NOREPLACE && to)
		return -EEXIST;
	if (to && to->inode == from->inode)
		return 0; /* two names of one file: POSIX says do nothing */
	if (flags & RENAME_EXCHANGE) {
		exchange(dir, from, to_dir, to);
	} else {
		if (to)
			err = dentry_check_victim(to,
						  S_ISDIR(from->inode->mode));
		if (!err)
			err = move(ns, dir, from, to_dir, to_name, to);
		if (err)
			return err;
	}
	inode_changed(dir);
	inode_changed(to_dir);
	return 0;
}

int inode_rename(struct namespace *ns, struct inode *dir, const char *name,
		 struct inode *to_dir, const char *to_name, unsigned int flags)
{
	int err;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE))
		return -EINVAL;
	pthread_mutex_lock(&ns->lock);
	err = rename_locked(ns, dir, name, to_dir, to_name, flags);
	namespace_unlock(ns);
	return err;
}
