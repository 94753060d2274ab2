/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of files and directories, and what access control lists
 * among them have to do with modes.
 */
#include "namespace/dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "namespace/acl.h"

/* What says no more than a mode is kept as a mode. */
static int set_access_list(struct namespace *ns, struct inode *inode,
			   const void *acl, size_t size)
{
	mode_t mode = inode->mode;
	int err = 0;

	if (acl_to_mode(acl, size, &mode))
		err = xattr_set(&inode->xattrs, ACL_ACCESS, acl, size, 0,
				&ns->xattr_bytes);
	else
		xattr_remove(&inode->xattrs, ACL_ACCESS, &ns->xattr_bytes);
	if (!err)
		inode->mode = mode;
	return err;
}

int inode_set_xattr(struct namespace *ns, struct inode *inode, const char *name,
		    const void *value, size_t size, int flags)
{
	int err;

	if (inode->control)
		return -EPERM;
	if (acl_is_name(name) && !acl_valid(value, size))
		return -EINVAL;
	pthread_mutex_lock(&ns->lock);
	if (!strcmp(name, ACL_ACCESS))
		err = set_access_list(ns, inode, value, size);
	else
		err = xattr_set(&inode->xattrs, name, value, size, flags,
				&ns->xattr_bytes);
	if (!err)
		inode->ctime = inode_now();
	namespace_unlock(ns);
	return err;
}

int inode_remove_xattr(struct namespace *ns, struct inode *inode,
		       const char *name)
{
	int err;

	if (inode->control)
		return -EPERM;
	pthread_mutex_lock(&ns->lock);
	err = xattr_remove(&inode->xattrs, name, &ns->xattr_bytes);
	/* A file always has an access control list: this one or its mode. */
	if (err == -ENODATA && acl_is_name(name))
		err = 0;
	if (!err)
		inode->ctime = inode_now();
	namespace_unlock(ns);
	return err;
}

ssize_t inode_get_xattr(struct namespace *ns, struct inode *inode,
			const char *name, void *buf, size_t size)
{
	ssize_t got;

	pthread_mutex_lock(&ns->lock);
	got = xattr_get(&inode->xattrs, name, buf, size);
	namespace_unlock(ns);
	return got;
}

ssize_t inode_list_xattr(struct namespace *ns, struct inode *inode,
			 bool trusted, char *buf, size_t size)
{
	ssize_t got;

	pthread_mutex_lock(&ns->lock);
	got = xattr_names(&inode->xattrs, trusted, buf, size);
	namespace_unlock(ns);
	return got;
}

void inode_chmod(struct inode *inode, mode_t mode)
{
	size_t size;
	void *acl = xattr_value(&inode->xattrs, ACL_ACCESS, &size);

	inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
	if (acl)
		acl_chmod(acl, size, mode);
}

static int give_list(struct namespace *ns, struct inode *inode,
		     const char *name, const void *acl, size_t size)
{
	return xattr_set(&inode->xattrs, name, acl, size, 0, &ns->xattr_bytes);
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
