/* SPDX-License-Identifier: MIT */
/* Lookup, attributes, open files, read, write and lseek. */
#include "ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "change/mapping_change.h"
#include "region/seek.h"
#include "ops/credentials.h"

/*
 * Every change goes through this one mount, so what the kernel knows stays
 * true if it is told what changes beside what it asked for.
 */
#define CACHE_SECONDS 86400.0

static struct server *server_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static bool is_dir(const struct inode *inode)
{
	return !inode->region && !inode->is_info;
}

static bool has_owner(const struct inode *inode)
{
	return inode->region && atomic_load(&inode->region->owner);
}

/* When its owner exits a region is emptied, and the kernel not told. */
static double attr_seconds(const struct inode *inode)
{
	return has_owner(inode) ? 0 : CACHE_SECONDS;
}

static struct fuse_entry_param entry_of(struct server *server,
					const struct inode *inode,
					const struct stat *st)
{
	return (struct fuse_entry_param){
		.ino = server_node_id(server, inode),
		.attr = *st,
		.attr_timeout = attr_seconds(inode),
		.entry_timeout = CACHE_SECONDS,
	};
}

/* The inode was counted as looked up; if nobody hears of it, undo that. */
static void reply_entry(fuse_req_t req, int err, struct inode *inode,
			const struct stat *st)
{
	struct server *server = server_of(req);
	struct fuse_entry_param entry;

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	entry = entry_of(server, inode, st);
	if (is_dir(inode)) { /* read again, for the sake of the order */
		stale_attr_answered(&inode->stale_attr, fuse_req_ctx(req)->pid);
		inode_stat(&server->ns, inode, &entry.attr);
	}
	if (fuse_reply_entry(req, &entry))
		inode_forget(&server->ns, inode, 1);
}

/* The same of a name that was just made. */
static void reply_new_entry(fuse_req_t req, int err, fuse_ino_t parent,
			    struct inode *inode, const struct stat *st)
{
	if (!err)
		server_names_changed(req, parent);
	reply_entry(req, err, inode, st);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct server *server = server_of(req);
	struct inode *inode = NULL;
	struct stat st;
	int err = inode_lookup(&server->ns, server_inode(server, parent), name,
			       &inode, &st);

	reply_entry(req, err, inode, &st);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	struct server *server = server_of(req);

	inode_forget(&server->ns, server_inode(server, ino), n);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count,
		     struct fuse_forget_data *forgets)
{
	struct server *server = server_of(req);

	for (size_t i = 0; i < count; i++)
		inode_forget(&server->ns, server_inode(server, forgets[i].ino),
			     forgets[i].nlookup);
	fuse_reply_none(req);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	struct stat st;

	(void)fi;
	if (is_dir(inode))
		stale_attr_answered(&inode->stale_attr, fuse_req_ctx(req)->pid);
	inode_stat(&server->ns, inode, &st);
	fuse_reply_attr(req, &st, attr_seconds(inode));
}

static unsigned int what_to_set(int to_set)
{
	static const struct {
		int fuse;
		unsigned int inode;
	} bits[] = {
		{FUSE_SET_ATTR_MODE, INODE_MODE},
		{FUSE_SET_ATTR_UID, INODE_UID},
		{FUSE_SET_ATTR_GID, INODE_GID},
		{FUSE_SET_ATTR_ATIME, INODE_ATIME},
		{FUSE_SET_ATTR_MTIME, INODE_MTIME},
		{FUSE_SET_ATTR_ATIME_NOW, INODE_ATIME_NOW},
		{FUSE_SET_ATTR_MTIME_NOW, INODE_MTIME_NOW},
	};
	unsigned int what = 0;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (to_set & bits[i].fuse)
			what |= bits[i].inode;
	return what;
}

/* ftruncate(): the size of a region is set once. */
static int set_size(struct server *server, struct inode *inode, off_t size)
{
	if (inode->is_info)
		return -EPERM;
	if (!inode->region || size < 0)
		return -EINVAL;
	return region_truncate(inode->region, (uint64_t)size,
			       server->options.align);
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	unsigned int what = what_to_set(to_set);
	struct stat st = *attr;
	int err = 0;

	(void)fi;
	if (is_dir(inode))
		stale_attr_answered(&inode->stale_attr, fuse_req_ctx(req)->pid);
	if (to_set & FUSE_SET_ATTR_SIZE) {
		err = set_size(server, inode, attr->st_size);
		what |= INODE_MTIME_NOW | credentials_drops(req, inode);
	}
	if (!(to_set & ~(FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)))
		err = credentials_chown(req, inode, &what);
	if (!err)
		err = inode_set(&server->ns, inode, &st, what);
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_attr(req, &st, attr_seconds(inode));
}

static int make(fuse_req_t req, fuse_ino_t parent, const char *name,
		mode_t mode, struct inode **inode, struct stat *st)
{
	struct server *server = server_of(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct inode_seed seed = {
		.mode = mode,
		.uid = ctx->uid,
		.gid = ctx->gid,
		.umask = ctx->umask,
	};

	struct inode *dir = server_inode(server, parent);
	int err = inode_create(&server->ns, dir, name, &seed, inode, st);

	if (err || !server->options.ownership || !S_ISREG(mode))
		return err;
	err = owners_add(server->owners, ctx->pid, (*inode)->region);
	if (err) {
		inode_unlink(&server->ns, dir, name);
		inode_forget(&server->ns, *inode, 1);
	}
	return err;
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	      dev_t dev)
{
	struct inode *inode = NULL;
	struct stat st;
	int err = -EPERM; /* no devices, sockets or pipes */

	(void)dev;
	if (S_ISREG(mode))
		err = make(req, parent, name, mode, &inode, &st);
	reply_new_entry(req, err, parent, inode, &st);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct inode *inode = NULL;
	struct stat st;
	int err =
		make(req, parent, name, S_IFDIR | (mode & 07777), &inode, &st);

	reply_new_entry(req, err, parent, inode, &st);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent,
		const char *name)
{
	(void)target, (void)parent, (void)name;
	fuse_reply_err(req, EPERM); /* as of filesystems that have none */
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent,
	     const char *name)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	struct stat st;
	int err = inode_link(&server->ns, inode, server_inode(server, parent),
			     name, &st);

	reply_new_entry(req, err, parent, inode, &st);
}

/*
 * A file handle is the access mode it was opened with. Memory never goes
 * through FUSE: with direct_io an mmap() without the shim fails.
 */
static void set_handle(struct server *server, struct inode *inode,
		       struct fuse_file_info *fi)
{
	fi->fh = (uint64_t)(fi->flags & O_ACCMODE);
	fi->direct_io = 1;
	fi->noflush = !has_owner(inode);
	inode_open(&server->ns, inode);
}

/* open(O_TRUNC): of a region without a size there is nothing to cut off. */
static int check_truncation(struct inode *inode, int flags)
{
	uint64_t start, size, mapped;

	if (!(flags & O_TRUNC))
		return 0;
	if (inode->is_info)
		return -EPERM;
	region_shape(inode->region, &start, &size, &mapped);
	return size ? -EINVAL : 0;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct fuse_entry_param entry;
	struct inode *inode = NULL;
	struct stat st;
	int err =
		make(req, parent, name, S_IFREG | (mode & 07777), &inode, &st);

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	server_names_changed(req, parent);
	set_handle(server, inode, fi);
	entry = entry_of(server, inode, &st);
	if (fuse_reply_create(req, &entry, fi)) {
		inode_close(&server->ns, inode);
		inode_forget(&server->ns, inode, 1);
	}
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	int err = check_truncation(inode, fi->flags);
	struct stat st;

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	if (fi->flags & O_TRUNC) { /* a change, though there was nothing */
		inode_set(&server->ns, inode, &st,
			  INODE_MTIME_NOW | credentials_drops(req, inode));
		server_attr_changed(server, ino);
	}
	set_handle(server, inode, fi);
	if (fuse_reply_open(req, fi))
		inode_close(&server->ns, inode);
}

/* Every close() waits for this, but of descriptors for which it has no use. */
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);

	(void)fi;
	if (has_owner(inode))
		owners_closing(server->owners, fuse_req_ctx(req)->pid,
			       inode->region, inode->number);
	fuse_reply_err(req, 0);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct server *server = server_of(req);

	(void)fi;
	inode_close(&server->ns, server_inode(server, ino));
	fuse_reply_err(req, 0);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	     struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	const char *text = server->ns.info;
	size_t length = strlen(text);
	uint64_t info[2];

	(void)fi;
	if (inode->region && region_readable(inode->region, info)) {
		text = (const char *)info;
		length = sizeof(info);
	} else if (!inode->is_info) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if ((uint64_t)offset >= length)
		size = 0;
	else if (size > length - (size_t)offset)
		size = length - (size_t)offset;
	fuse_reply_buf(req, size ? text + offset : NULL, size);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
	      off_t offset, struct fuse_file_info *fi)
{
	(void)ino, (void)buf, (void)size, (void)offset, (void)fi;
	fuse_reply_err(req, EINVAL);
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
		  off_t length, struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	int err;

	(void)fi;
	if (mode)
		err = -EOPNOTSUPP;
	else if (offset)
		err = -EINVAL;
	else
		err = set_size(server, inode, length);
	if (!err) {
		inode_touch(&server->ns, inode);
		server_attr_changed(server, ino);
	}
	fuse_reply_err(req, -err);
}

/* SEEK_DATA and SEEK_HOLE; the others are the kernel's. */
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
	      struct fuse_file_info *fi)
{
	struct server *server = server_of(req);
	struct inode *inode = server_inode(server, ino);
	off_t at;

	(void)fi;
	if (inode->region)
		at = region_seek(inode->region, offset, whence);
	else
		at = seek_in_data((off_t)strlen(server->ns.info), offset,
				  whence);
	if (at < 0)
		fuse_reply_err(req, (int)-at);
	else
		fuse_reply_lseek(req, at);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct server *server = server_of(req);
	struct statvfs fs = {.f_namemax = NAME_MAX};
	struct hugepage_pool pool;

	(void)ino;
	backing_pool(&server->backing, &pool);
	fs.f_bsize = fs.f_frsize = server->backing.page;
	fs.f_blocks = pool.total / server->backing.page;
	fs.f_bfree = fs.f_bavail = pool.free / server->backing.page;
	fs.f_files = namespace_count(&server->ns);
	fuse_reply_statfs(req, &fs);
}
