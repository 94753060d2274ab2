/* SPDX-License-Identifier: MIT */
/*
 * The namespace: files, directories, names, owners, modes and times, as in a
 * plain in-memory filesystem. The kernel checks permissions (mount option
 * default_permissions), the sticky bit and read-only mounts, and does not let a
 * directory be moved into itself.
 *
 * inode_lookup(), inode_create() and inode_link() count one lookup, which the
 * caller gives back with inode_forget(). All functions here take the namespace
 * lock.
 */
#ifndef INODE_H
#define INODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "namespace/inode_struct.h"

/* The attributes of a new file or directory. */
struct inode_seed {
	mode_t mode; /* with S_IFREG or S_IFDIR */
	uid_t uid;
	gid_t gid;
	mode_t umask; /* not yet applied to mode */
};

/* align: the number that mshare_info shows. 0 or -ENOMEM. */
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
 * When the last name and the last open file of a region are gone, the daemon
 * lets go of its memory before it answers the unlink() or close(). Windows that
 * still exist keep the memory in the kernel.
 */
void inode_open(struct namespace *ns, struct inode *inode);
void inode_close(struct namespace *ns, struct inode *inode);

void inode_stat(struct namespace *ns, struct inode *inode, struct stat *st);

/* Which attributes inode_set() sets. */
enum {
	INODE_MODE = 1 << 0,
	INODE_UID = 1 << 1,
	INODE_GID = 1 << 2,
	INODE_ATIME = 1 << 3,
	INODE_MTIME = 1 << 4,
	INODE_ATIME_NOW = 1 << 5,
	INODE_MTIME_NOW = 1 << 6,
	/* Clears set-user-id, and set-group-id if the group may execute */
	INODE_DROP_SETID = 1 << 7,
	INODE_DROP_SGID = 1 << 8, /* clears set-group-id in any case */
};
/*
 * Sets what "what" names from *st, then fills *st with all attributes. 0, or
 * -EPERM for mshare_info.
 */
int inode_set(struct namespace *ns, struct inode *inode, struct stat *st,
	      unsigned int what);
/* Sets mtime and ctime, as the region has changed. */
void inode_touch(struct namespace *ns, struct inode *inode);
/*
 * Updates atime after a directory was read, by the rules of relatime. True if
 * it has changed.
 */
bool inode_accessed(struct namespace *ns, struct inode *inode);
/*
 * As in xattr.h. A change also sets ctime, and a change of the access control
 * list sets the mode. -EINVAL for an invalid list; -EPERM for mshare_info.
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
 * Calls emit for each entry after cookie (0: from the beginning) until it
 * returns false. emit runs with the namespace lock held.
 */
typedef bool (*inode_emit)(void *arg, const char *name, uint64_t number,
			   mode_t mode, uint64_t cookie);
void inode_readdir(struct namespace *ns, struct inode *dir, uint64_t cookie,
		   inode_emit emit, void *arg);

uint64_t namespace_count(struct namespace *ns);

/* Sums over all regions that have a name or an open file. */
struct namespace_sums {
	uint64_t regions;
	uint64_t mapped;  /* bytes */
	uint64_t present; /* bytes */
};
void namespace_sum(struct namespace *ns, struct namespace_sums *sums);

#endif
