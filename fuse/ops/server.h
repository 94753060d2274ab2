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
	struct attach *attach;
	struct owners *owners;
	struct fuse_session *session;
	uint64_t began; /* monotonic, in ms */
};

extern const struct fuse_lowlevel_ops server_ops;

struct inode *server_inode(struct server *server, fuse_ino_t ino);
fuse_ino_t server_node_id(struct server *server, const struct inode *inode);

/*
 * caller.c. Of INODE_DROP_*, what a change of the file by who asks for it
 * takes. (Root may keep it: the kernel does not hand capabilities on.)
 */
unsigned int server_drops(fuse_req_t req, struct inode *inode);
/*
 * What chown() of a regular file takes beside what the kernel sees to: 0 and
 * *what has more in it, or -EPERM, as even without a new owner this is a
 * change of the mode.
 */
int server_chown(fuse_req_t req, struct inode *inode, unsigned int *what);

/*
 * Before the reply to whatever changes attributes that the reply does not
 * carry. The kernel itself only notes that what it knows of them is old: an
 * answer to stat() that is under way would make it believe them again. ops.c.
 */
void server_attr_changed(struct server *server, fuse_ino_t ino);

/*
 * Likewise, of a directory in which who asks has made or removed a name: of
 * that the kernel knows, so it is told only if need be. ops_dir.c.
 */
void server_names_changed(fuse_req_t req, fuse_ino_t dir);

/* ops_dir.c */
void server_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void server_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi);

void server_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void server_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void server_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
		   fuse_ino_t to_parent, const char *to_name,
		   unsigned int flags);

/* ops_xattr.c */
void server_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
		     const char *value, size_t size, int flags);
void server_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
		     size_t size);
void server_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void server_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* ioctl.c */

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

/* ioctl_status.c: of mshare_ioctl.h what only asks. False: it is another. */
bool call_status(struct call *call, unsigned int cmd);

void server_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
		  struct fuse_file_info *fi, unsigned int flags,
		  const void *in_buf, size_t in_size, size_t out_size);
#endif
