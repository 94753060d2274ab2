/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of files and directories. A change of an access control
 * list changes the mode, too. Part of inode.h.
 */
#include "namespace/inode.h"

#include <errno.h>
#include <string.h>

#include "base/quota.h"
#include "namespace/acl.h"
#include "namespace/inode_internal.h"

int inode_put_xattr(struct namespace *ns, struct inode *inode, const char *name,
		    const void *value, size_t size, int flags)
{
	const uint64_t before = ns->xattr_bytes, most = xattr_room(name, size);
	int err = user_charge(inode->user, QUOTA_XATTRS, most);

	if (err)
		return err;
	err = xattr_set(&inode->xattrs, name, value, size, flags,
			&ns->xattr_bytes);
	/* It may have replaced another. */
	user_release(inode->user, QUOTA_XATTRS,
		     most - (ns->xattr_bytes - before));
	return err;
}

static int take_xattr(struct namespace *ns, struct inode *inode,
		      const char *name)
{
	const uint64_t before = ns->xattr_bytes;
	int err = xattr_remove(&inode->xattrs, name, &ns->xattr_bytes);

	user_release(inode->user, QUOTA_XATTRS, before - ns->xattr_bytes);
	return err;
}

void inode_free_xattrs(struct namespace *ns, struct inode *inode)
{
	const uint64_t before = ns->xattr_bytes;

	xattr_free(&inode->xattrs, &ns->xattr_bytes);
	user_release(inode->user, QUOTA_XATTRS, before - ns->xattr_bytes);
}

/* A list that says no more than a mode is kept as the mode alone. */
static int set_access_list(struct namespace *ns, struct inode *inode,
			   const void *acl, size_t size)
{
	mode_t mode = inode->mode;
	int err = 0;

	if (acl_to_mode(acl, size, &mode))
		err = inode_put_xattr(ns, inode, ACL_ACCESS, acl, size, 0);
	else
		take_xattr(ns, inode, ACL_ACCESS);
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
		err = inode_put_xattr(ns, inode, name, value, size, flags);
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
	err = take_xattr(ns, inode, name);
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
