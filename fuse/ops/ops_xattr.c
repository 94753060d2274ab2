/* SPDX-License-Identifier: MIT */
/* Extended attributes. Part of ops.h. */
#include "ops/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "namespace/acl.h"
#include "ops/credentials.h"

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
		 const char *value, size_t size, int flags)
{
	struct server *server = fuse_req_userdata(req);
	struct inode *inode = server_inode(server, ino);
	int err = inode_set_xattr(&server->ns, inode, name, value, size, flags);
	struct stat st;

	/* As chmod() does; the kernel does not say this to libfuse 3.14. */
	if (!err && !strcmp(name, ACL_ACCESS))
		inode_set(&server->ns, inode, &st,
			  credentials_drops(req, inode) & INODE_DROP_SGID);
	if (!err)
		server_attr_changed(server, ino);
	fuse_reply_err(req, -err);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct server *server = fuse_req_userdata(req);
	int err = inode_remove_xattr(&server->ns, server_inode(server, ino),
				     name);

	if (!err)
		server_attr_changed(server, ino);
	fuse_reply_err(req, -err);
}

/* size 0 asks how much there is. */
static void reply(fuse_req_t req, ssize_t got, const char *buf, size_t size)
{
	if (got < 0)
		fuse_reply_err(req, (int)-got);
	else if (size)
		fuse_reply_buf(req, buf, (size_t)got);
	else
		fuse_reply_xattr(req, (size_t)got);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct server *server = fuse_req_userdata(req);
	char *buf = size ? malloc(size) : NULL;
	ssize_t got = -ENOMEM;

	if (buf || !size)
		got = inode_get_xattr(&server->ns, server_inode(server, ino),
				      name, buf, size);
	reply(req, got, buf, size);
	free(buf);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct server *server = fuse_req_userdata(req);
	char *buf = size ? malloc(size) : NULL;
	ssize_t got = -ENOMEM;

	/* Those of trusted.* are shown to CAP_SYS_ADMIN, so to speak. */
	if (buf || !size)
		got = inode_list_xattr(&server->ns, server_inode(server, ino),
				       fuse_req_ctx(req)->uid == 0, buf, size);
	reply(req, got, buf, size);
	free(buf);
}
