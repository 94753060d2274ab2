/* SPDX-License-Identifier: MIT */
/*
 * Sets modes, owners and times, and keeps modes and access control lists
 * consistent. Holds inode_set() of inode.h, too.
 */
#include "namespace/inode_attr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "namespace/acl.h"
#include "namespace/inode.h"
#include "namespace/inode_internal.h"
#include "namespace/xattr_quota.h"

void inode_chmod(struct inode *inode, mode_t mode)
{
	size_t size;
	void *acl = xattr_value(&inode->xattrs, ACL_ACCESS, &size);

	inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
	if (acl)
		acl_chmod(acl, size, mode);
}

static void drop_set_id(struct inode *inode, unsigned int what)
{
	const bool executable = inode->mode & S_IXGRP;

	if (what & INODE_DROP_SETID)
		inode->mode &= ~(mode_t)S_ISUID;
	if (what & INODE_DROP_SGID || (what & INODE_DROP_SETID && executable))
		inode->mode &= ~(mode_t)S_ISGID;
}

int inode_set(struct namespace *ns, struct inode *inode, struct stat *st,
	      unsigned int what)
{
	if (inode->is_info)
		return -EPERM;
	pthread_mutex_lock(&ns->lock);
	inode->ctime = inode_now();
	if (what & INODE_MODE)
		inode_chmod(inode, st->st_mode);
	drop_set_id(inode, what);
	if (what & INODE_UID)
		inode->uid = st->st_uid;
	if (what & INODE_GID)
		inode->gid = st->st_gid;
	if (what & INODE_ATIME)
		inode->atime = st->st_atim;
	if (what & INODE_MTIME)
		inode->mtime = st->st_mtim;
	if (what & INODE_ATIME_NOW)
		inode->atime = inode->ctime;
	if (what & INODE_MTIME_NOW)
		inode->mtime = inode->ctime;
	inode_fill_stat(ns, inode, st);
	namespace_unlock(ns);
	return 0;
}

static int give_list(struct namespace *ns, struct inode *inode,
		     const char *name, const void *acl, size_t size)
{
	return xattr_quota_set(ns, inode, name, acl, size, 0);
}

int inode_inherit(struct namespace *ns, const struct inode *dir,
		  struct inode *inode, mode_t umask)
{
	size_t size;
	const void *list = xattr_value(&dir->xattrs, ACL_DEFAULT, &size);
	void *own;
	int err = 0;

	if (!list) {
		inode->mode &= ~(umask & 0777);
		return 0;
	}
	own = malloc(size);
	if (!own)
		return -ENOMEM;
	memcpy(own, list, size);
	if (acl_inherit(own, size, &inode->mode))
		err = give_list(ns, inode, ACL_ACCESS, own, size);
	if (!err && S_ISDIR(inode->mode))
		err = give_list(ns, inode, ACL_DEFAULT, list, size);
	free(own);
	return err;
}
