/* SPDX-License-Identifier: MIT */
/* What the files of ops/ share: the server, and the ioctl in progress. */
#ifndef SERVER_H
#define SERVER_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include "attach/attach_server.h"
#include "base/turns.h"
#include "memory/backing.h"
#include "namespace/inode.h"
#include "options.h"
#include "owner/owner.h"

/* The userdata of the FUSE session. */
struct server {
	struct options options; /* constant while serving */
	struct backing backing;
	struct namespace ns;
	struct attach_server *attach;
	struct owners *owners;
	struct fuse_session *session;
	struct turns turns; /* of requests that may take long */
	uint64_t began;	    /* when serving began; monotonic, in ms */
};

struct inode *server_inode(struct server *server, fuse_ino_t ino);
fuse_ino_t server_node_id(struct server *server, const struct inode *inode);

/*
 * Invalidates the attributes that the kernel caches. Call it before replying to
 * a request that changes attributes which the reply does not carry. The kernel
 * itself only marks its copy as stale, so an answer to stat() that is on its
 * way would put old attributes back into the cache.
 */
void server_attr_changed(struct server *server, fuse_ino_t ino);

/*
 * The same for a directory in which the requester has made or removed a name.
 * The kernel knows of the change, so this invalidates only where needed (see
 * stale_attr.h).
 */
void server_names_changed(fuse_req_t req, fuse_ino_t dir);

/* An ioctl in progress. */
struct call {
	fuse_req_t req;
	struct server *server;
	struct inode *inode;
	struct region *region;
	int accmode; /* of the descriptor: O_RDONLY, ... */
	const void *in;
};

/* err: 0 or -errno */
void call_reply(struct call *call, int err, const void *out, size_t size);

#endif
