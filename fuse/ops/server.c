/* SPDX-License-Identifier: MIT */
#include "ops/server.h"

struct inode *server_inode(struct server *server, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? server->ns.root
				   : (struct inode *)(uintptr_t)ino;
}

fuse_ino_t server_node_id(struct server *server, const struct inode *inode)
{
	return inode == server->ns.root ? FUSE_ROOT_ID
					: (fuse_ino_t)(uintptr_t)inode;
}

void server_attr_changed(struct server *server, fuse_ino_t ino)
{
	/*
	 * A negative offset: attributes only, which takes no lock we wait on.
	 * If it fails, the kernel does not know the inode any more.
	 */
	fuse_lowlevel_notify_inval_inode(server->session, ino, -1, 0);
}

void server_names_changed(fuse_req_t req, fuse_ino_t dir)
{
	struct server *server = fuse_req_userdata(req);
	struct inode *inode = server_inode(server, dir);

	if (stale_attr_others(&inode->stale_attr, fuse_req_ctx(req)->pid))
		server_attr_changed(server, dir);
}

void call_reply(struct call *call, int err, const void *out, size_t size)
{
	if (err)
		fuse_reply_err(call->req, -err);
	else
		fuse_reply_ioctl(call->req, 0, out, size);
}
