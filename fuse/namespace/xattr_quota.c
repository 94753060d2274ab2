/* SPDX-License-Identifier: MIT */
#include "namespace/xattr_quota.h"

#include "base/quota.h"

int xattr_quota_set(struct namespace *ns, struct inode *inode, const char *name,
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

int xattr_quota_remove(struct namespace *ns, struct inode *inode,
		       const char *name)
{
	const uint64_t before = ns->xattr_bytes;
	int err = xattr_remove(&inode->xattrs, name, &ns->xattr_bytes);

	user_release(inode->user, QUOTA_XATTRS, before - ns->xattr_bytes);
	return err;
}

void xattr_quota_free(struct namespace *ns, struct inode *inode)
{
	const uint64_t before = ns->xattr_bytes;

	xattr_free(&inode->xattrs, &ns->xattr_bytes);
	user_release(inode->user, QUOTA_XATTRS, before - ns->xattr_bytes);
}
