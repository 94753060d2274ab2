/* SPDX-License-Identifier: MIT */
/* What the libfuse side of the daemon shares; the userdata of the session. */
#ifndef SERVER_H
#define SERVER_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include "attach.h"
#include "backing.h"
#include "inode.h"
#include "options.h"
#include "owner.h"

struct server {
	struct options options; /* constant while serving */
	struct backing backing;
	struct namespace ns;
	struct attach *attach;
	struct owners *owners; /* NULL: regions outlive who made them */
	struct fuse_session *session;
};

extern const struct fuse_lowlevel_ops server_ops;

struct inode *server_inode(struct server *server, fuse_ino_t ino);

/* ioctl.c */
void server_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
		  struct fuse_file_info *fi, unsigned int flags,
		  const void *in_buf, size_t in_size, size_t out_size);
#endif
