/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of files and directories. A change of an access control
 * list changes the mode, too. Part of inode.h.
 */
#include "namespace/inode.h"

#include <errno.h>
#include <string.h>

#include "namespace/acl.h"
#include "namespace/inode_internal.h"
#include "namespace/xattr_quota.h"

/* A list that says no more than a mode is kept as the mode alone. */
static int set_access_list(struct namespace *ns, struct inode *inode,
			   const void *acl, size_t size)
{
	mode_t mode = inode->mode;
	int err = 0;

	if (acl_to_mode(acl, size, &mode))
		err = xattr_quota_set(ns, inode, ACL_ACCESS, acl, size, 0);
	else
		xattr_quota_remove(ns, inode, ACL_ACCESS);
	if (!err)
		inode->mode = mode;
	return err;
}

int inode_set_xattr(struct namespace *ns, struct inode *inode, const char *name,
		    const void *value, size_t size, int flags)
{
	int err;

	if (inode->is_info)
		return -EPERM;
	if (acl_is_name(name) && !acl_valid(value, size))
		return -EINVAL;
	pthread_mutex_lock(&ns->lock);
	if (!strcmp(name, ACL_ACCESS))
		err = set_access_list(ns, inode, value, size);
	else
		err = xattr_quota_set(ns, inode, name, value, size, flags);
	if (!err)
		inode->ctime = inode_now();
	namespace_unlock(ns);
	return err;
}

int inode_remove_xattr(struct namespace *ns, struct inode *inode,
		       const char *name)
{
	int err;

	if (inode->is_info)
		return -EPERM;
	pthread_mutex_lock(&ns->lock);
	err = xattr_quota_remove(ns, inode, name);
	/* Without a list, the mode serves as one: removing it succeeds. */
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
