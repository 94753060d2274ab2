/* SPDX-License-Identifier: MIT */
/* Reads directories, and removes and renames what is in them. Part of ops.h. */
#include "ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* The handle of an open directory is the flags it was opened with. */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->fh = (uint64_t)fi->flags;
	fuse_reply_open(req, fi);
}

struct listing {
	fuse_req_t req;
	char *buf;
	size_t size;
	size_t used;
};

static bool list_name(void *arg, const char *name, uint64_t number, mode_t mode,
		      uint64_t cookie)
{
	struct listing *l = arg;
	struct stat st = {.st_ino = number, .st_mode = mode};
	size_t need =
		fuse_add_direntry(l->req, l->buf + l->used, l->size - l->used,
				  name, &st, (off_t)cookie);

	if (need > l->size - l->used)
		return false;
	l->used += need;
	return true;
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	struct server *server = fuse_req_userdata(req);
	struct inode *inode = server_inode(server, ino);
	struct listing l = {.req = req, .size = size, .buf = malloc(size)};

	if (!l.buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	inode_readdir(&server->ns, inode, (uint64_t)offset, list_name, &l);
	if (!((int)fi->fh & O_NOATIME) && inode_accessed(&server->ns, inode))
		server_attr_changed(server, ino);
	fuse_reply_buf(req, l.buf, l.used);
	free(l.buf);
}

/* Something was done to names in a directory, or not. */
static void reply_done(fuse_req_t req, int err, fuse_ino_t parent)
{
	if (!err)
		server_names_changed(req, parent);
	fuse_reply_err(req, -err);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct server *server = fuse_req_userdata(req);
	int err = inode_unlink(&server->ns, server_inode(server, parent), name);

	reply_done(req, err, parent);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct server *server = fuse_req_userdata(req);
	int err = inode_rmdir(&server->ns, server_inode(server, parent), name);

	reply_done(req, err, parent);
}

/* What has this name now: should it be another one already, no harm is done. */
static void named_changed(struct server *server, fuse_ino_t parent,
			  const char *name)
{
	struct inode *inode;
	struct stat st;

	if (inode_lookup(&server->ns, server_inode(server, parent), name,
			 &inode, &st))
		return;
	server_attr_changed(server, server_node_id(server, inode));
	inode_forget(&server->ns, inode, 1);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
	       fuse_ino_t to_parent, const char *to_name, unsigned int flags)
{
	struct server *server = fuse_req_userdata(req);
	int err = inode_rename(&server->ns, server_inode(server, parent), name,
			       server_inode(server, to_parent), to_name, flags);

	if (!err) {
		named_changed(server, parent, name); /* an exchange */
		named_changed(server, to_parent, to_name);
		server_names_changed(req, to_parent);
	}
	reply_done(req, err, parent);
}
