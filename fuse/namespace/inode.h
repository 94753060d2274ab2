/* SPDX-License-Identifier: MIT */
/*
 * The namespace: files, directories, names, owners, modes and times, as a plain
 * in-memory filesystem has them. Permissions are checked by the kernel (the
 * mount option default_permissions), which also keeps names sane: no renaming
 * of a directory into itself, the sticky bit, read-only mounts.
 *
 * Functions that hand out an inode count one lookup for the caller, to be given
 * back with inode_forget(). All lock by themselves.
 */
#ifndef INODE_H
#define INODE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "base/tree.h"

#include "region/region.h"
#include "namespace/stale_attr.h"
#include "namespace/xattr.h"

struct dentry;

struct inode {
	uint64_t number;       /* constant */
	bool is_info;	       /* constant; the file mshare_info */
	struct region *region; /* constant; of a regular file, else NULL */
	struct stale_attr stale_attr; /* of a directory; locks by itself */

	/* The rest: namespace lock. */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	nlink_t nlink;
	uint64_t nlookup;
	uint64_t nopen;
	bool dead; /* the region's memory was given up */
	LIST_ENTRY(inode) all;
	struct timespec atime, mtime, ctime;
	struct xattrs xattrs;

	/* Of a directory: */
	struct inode *parent;
	RB_HEAD(by_name, dentry) by_name;
	RB_HEAD(by_cookie, dentry) by_cookie;
	uint64_t last_cookie;
	uint64_t nnames;
};

struct namespace
{
	pthread_mutex_t lock;
	struct backing *backing;
	struct inode *root;
	uint64_t last_number;	    /* lock */
	uint64_t ninodes;	    /* lock */
	uint64_t nfreed;	    /* lock; since memory was given back */
	uint64_t xattr_bytes;	    /* lock */
	LIST_HEAD(, inode) all;	    /* lock */
	SLIST_HEAD(, region) dying; /* lock; see namespace_unlock() */
	char info[24];		    /* constant; what mshare_info reads */
};

/* What a new file or directory is to be. */
struct inode_seed {
	mode_t mode; /* with S_IFREG or S_IFDIR */
	uid_t uid;
	gid_t gid;
	mode_t umask; /* not yet taken off */
};

/* align: the number in mshare_info. 0 or -ENOMEM. */
int namespace_init(struct namespace *ns, struct backing *backing,
		   uint64_t align, const struct inode_seed *root);
void namespace_free(struct namespace *ns);

int inode_lookup(struct namespace *ns, struct inode *dir, const char *name,
		 struct inode **out, struct stat *st);
int inode_create(struct namespace *ns, struct inode *dir, const char *name,
		 const struct inode_seed *seed, struct inode **out,
		 struct stat *st);
int inode_link(struct namespace *ns, struct inode *inode, struct inode *dir,
	       const char *name, struct stat *st);
int inode_unlink(struct namespace *ns, struct inode *dir, const char *name);
int inode_rmdir(struct namespace *ns, struct inode *dir, const char *name);
/* flags as of renameat2(2). */
int inode_rename(struct namespace *ns, struct inode *dir, const char *name,
		 struct inode *to_dir, const char *to_name, unsigned int flags);
void inode_forget(struct namespace *ns, struct inode *inode, uint64_t n);

/*
 * The memory of a region goes when its last name and its last open file are
 * gone, before unlink() or the last close is answered. (Windows that are left
 * keep it in the kernel.)
 */
void inode_open(struct namespace *ns, struct inode *inode);
void inode_close(struct namespace *ns, struct inode *inode);

void inode_stat(struct namespace *ns, struct inode *inode, struct stat *st);

/* Which fields of a struct stat to set. */
enum {
	INODE_MODE = 1 << 0,
	INODE_UID = 1 << 1,
	INODE_GID = 1 << 2,
	INODE_ATIME = 1 << 3,
	INODE_MTIME = 1 << 4,
	INODE_ATIME_NOW = 1 << 5,
	INODE_MTIME_NOW = 1 << 6,
	/* Set-user-id, and set-group-id if the group may execute it, are lost
	 */
	INODE_DROP_SETID = 1 << 7,
	INODE_DROP_SGID = 1 << 8, /* set-group-id in any case */
};
/* st: what to set, and afterwards what is. -EPERM for mshare_info. */
int inode_set(struct namespace *ns, struct inode *inode, struct stat *st,
	      unsigned int what);
/* The region was changed: mtime and ctime. */
void inode_touch(struct namespace *ns, struct inode *inode);
/* A directory was read: atime, as mounts with relatime keep it; if it is new.
 */
bool inode_accessed(struct namespace *ns, struct inode *inode);
/*
 * As in xattr.h; a change is one of ctime. Access control lists change modes
 * too, and modes lists; -EINVAL if it is none. -EPERM for mshare_info.
 */
int inode_set_xattr(struct namespace *ns, struct inode *inode, const char *name,
		    const void *value, size_t size, int flags);
int inode_remove_xattr(struct namespace *ns, struct inode *inode,
		       const char *name);
ssize_t inode_get_xattr(struct namespace *ns, struct inode *inode,
			const char *name, void *buf, size_t size);
ssize_t inode_list_xattr(struct namespace *ns, struct inode *inode,
			 bool trusted, char *buf, size_t size);

/*
 * Calls emit for each entry behind cookie (0: from the beginning) until it
 * returns false. It is called under the lock.
 */
typedef bool (*inode_emit)(void *arg, const char *name, uint64_t number,
			   mode_t mode, uint64_t cookie);
void inode_readdir(struct namespace *ns, struct inode *dir, uint64_t cookie,
		   inode_emit emit, void *arg);

uint64_t namespace_count(struct namespace *ns);

/* Of all regions that have a name or an open file. */
struct namespace_sums {
	uint64_t regions;
	uint64_t mapped;  /* bytes */
	uint64_t present; /* bytes */
};
void namespace_sum(struct namespace *ns, struct namespace_sums *sums);

#endif
