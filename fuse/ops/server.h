/* SPDX-License-Identifier: MIT */
/* What the libfuse side of the daemon shares; the userdata of the session. */
#ifndef SERVER_H
#define SERVER_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include "attach/attach_server.h"
#include "memory/backing.h"
#include "namespace/inode.h"
#include "options.h"
#include "owner/owner.h"

struct server {
	struct options options; /* constant while serving */
	struct backing backing;
	struct namespace ns;
	struct attach_server *attach;
	struct owners *owners;
	struct fuse_session *session;
	uint64_t began; /* monotonic, in ms */
};

struct inode *server_inode(struct server *server, fuse_ino_t ino);
fuse_ino_t server_node_id(struct server *server, const struct inode *inode);

/*
 * Before the reply to whatever changes attributes that the reply does not
 * carry. The kernel itself only notes that what it knows of them is old: an
 * answer to stat() that is under way would make it believe them again.
 */
void server_attr_changed(struct server *server, fuse_ino_t ino);

/*
 * Likewise, of a directory in which who asks has made or removed a name: of
 * that the kernel knows, so it is told only if need be.
 */
void server_names_changed(fuse_req_t req, fuse_ino_t dir);

/* An ioctl under way. */
struct call {
	fuse_req_t req;
	struct server *server;
	struct inode *inode;
	struct region *region;
	int accmode; /* of the descriptor */
	const void *in;
};

/* err: 0 or -errno */
void call_reply(struct call *call, int err, const void *out, size_t size);

#endif
