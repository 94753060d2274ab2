/* SPDX-License-Identifier: MIT */
/*
 * Looks up, creates, links, removes and lists names. Part of inode.h and dir.h;
 * rename.c renames.
 */
#include "namespace/dir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/quota.h"
#include "namespace/dentry.h"
#include "namespace/inode.h"
#include "namespace/inode_attr.h"
#include "namespace/inode_internal.h"
#include "region/region_life.h"

int dir_check_name(struct inode *dir, const char *name)
{
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	return dir->nlink ? 0 : -ENOENT;
}

int inode_lookup(struct namespace *ns, struct inode *dir, const char *name,
		 struct inode **out, struct stat *st)
{
	struct dentry *n;
	int err;

	pthread_mutex_lock(&ns->lock);
	err = dir_check_name(dir, name);
	n = err ? NULL : dentry_find(dir, name);
	if (n) {
		n->inode->nlookup++;
		inode_fill_stat(ns, n->inode, st);
		*out = n->inode;
	} else if (!err) {
		err = -ENOENT;
	}
	namespace_unlock(ns);
	return err;
}

static int create(struct namespace *ns, struct inode *dir, const char *text,
		  const struct inode_seed *seed, struct inode **out)
{
	struct dentry *n = NULL;
	struct inode *inode;
	int err = dir_check_name(dir, text);

	if (err)
		return err;
	if (dentry_find(dir, text))
		return -EEXIST;
	n = dentry_new(text);
	err = n ? inode_new(ns, seed, &inode) : -ENOMEM;
	if (err)
		goto free_name;
	if (S_ISREG(seed->mode)) {
		err = -ENOMEM;
		inode->region = region_new(ns->backing);
		if (!inode->region)
			goto free_inode;
		inode->region->user = user_again(inode->user);
	}
	err = inode_inherit(ns, dir, inode, seed->umask);
	if (err)
		goto free_inode;
	if (dir->mode & S_ISGID) {
		inode->gid = dir->gid;
		if (S_ISDIR(seed->mode))
			inode->mode |= S_ISGID;
	}
	inode->nlink = S_ISDIR(seed->mode) ? 2 : 1;
	dentry_link(dir, n, inode);
	inode_changed(dir);
	*out = inode;
	return 0;
free_inode:
	inode_settle(ns, inode);
free_name:
	free(n);
	return err;
}

int inode_create(struct namespace *ns, struct inode *dir, const char *name,
		 const struct inode_seed *seed, struct inode **out,
		 struct stat *st)
{
	int err;

	pthread_mutex_lock(&ns->lock);
	err = create(ns, dir, name, seed, out);
	if (!err) {
		(*out)->nlookup++;
		inode_fill_stat(ns, *out, st);
	}
	namespace_unlock(ns);
	return err;
}

int inode_link(struct namespace *ns, struct inode *inode, struct inode *dir,
	       const char *name, struct stat *st)
{
	struct dentry *n = NULL;
	int err;

	if (inode->is_info)
		return -EPERM;
	pthread_mutex_lock(&ns->lock);
	err = dir_check_name(dir, name);
	if (err)
		goto out;
	err = -ENOENT; /* its last name was removed meanwhile */
	if (!inode->nlink)
		goto out;
	err = -EEXIST;
	if (dentry_find(dir, name))
		goto out;
	/* As on tmpfs, each name but the first counts as a file. */
	err = user_charge(inode->user, QUOTA_INODES, 1);
	if (err)
		goto out;
	n = dentry_new(name);
	if (!n) {
		user_release(inode->user, QUOTA_INODES, 1);
		err = -ENOMEM;
		goto out;
	}
	inode->nlink++;
	inode->ctime = inode_now();
	inode_changed(dir);
	dentry_link(dir, n, inode);
	inode->nlookup++;
	inode_fill_stat(ns, inode, st);
	err = 0;
out:
	namespace_unlock(ns);
	return err;
}

void dentry_drop(struct namespace *ns, struct inode *dir, struct dentry *n)
{
	struct inode *inode = n->inode;

	dentry_unlink(dir, n);
	free(n);
	inode_changed(dir);
	inode->parent = NULL;
	inode->nlink -= S_ISDIR(inode->mode) ? 2 : 1;
	if (inode->nlink)
		user_release(inode->user, QUOTA_INODES, 1);
	inode->ctime = inode_now();
	inode_settle(ns, inode);
}

int dentry_check_victim(const struct dentry *n, bool for_dir)
{
	if (n->inode->is_info)
		return -EPERM;
	if (!for_dir)
		return S_ISDIR(n->inode->mode) ? -EISDIR : 0;
	if (!S_ISDIR(n->inode->mode))
		return -ENOTDIR;
	return n->inode->nnames ? -ENOTEMPTY : 0;
}

static int remove_name(struct namespace *ns, struct inode *dir,
		       const char *name, bool is_dir)
{
	struct dentry *n;
	int err = -ENOENT;

	pthread_mutex_lock(&ns->lock);
	n = dentry_find(dir, name);
	if (n)
		err = dentry_check_victim(n, is_dir);
	if (!err)
		dentry_drop(ns, dir, n);
	namespace_unlock(ns);
	return err;
}

int inode_unlink(struct namespace *ns, struct inode *dir, const char *name)
{
	return remove_name(ns, dir, name, false);
}

int inode_rmdir(struct namespace *ns, struct inode *dir, const char *name)
{
	return remove_name(ns, dir, name, true);
}

void inode_readdir(struct namespace *ns, struct inode *dir, uint64_t cookie,
		   inode_emit emit, void *arg)
{
	struct dentry *n;
	bool more = true;

	pthread_mutex_lock(&ns->lock);
	if (cookie < COOKIE_DOT)
		more = emit(arg, ".", dir->number, S_IFDIR, COOKIE_DOT);
	if (more && cookie < COOKIE_DOTDOT) {
		struct inode *up = dir->parent ? dir->parent : dir;

		more = emit(arg, "..", up->number, S_IFDIR, COOKIE_DOTDOT);
	}
	for (n = dentry_behind(dir, cookie); more && n; n = dentry_next(n))
		more = emit(arg, n->text, n->inode->number, n->inode->mode,
			    n->cookie);
	namespace_unlock(ns);
}
