/* SPDX-License-Identifier: MIT */
/*
 * What inode.c, names.c, dir.c and rename.c share of the namespace. Everything
 * here is called under its lock.
 */
#ifndef DIR_H
#define DIR_H

#include "namespace/inode.h"

/* "." and ".." come first in a directory. */
enum {
	COOKIE_DOT = 1,
	COOKIE_DOTDOT = 2,
	COOKIE_FIRST = 3
};

struct dentry {
	RB_ENTRY(dentry) by_name;
	RB_ENTRY(dentry) by_cookie;
	struct inode *inode;
	uint64_t cookie;
	char text[];
};

/* inode.c */
struct inode *inode_new(struct namespace *ns, const struct inode_seed *seed);
struct timespec inode_now(void);
/* mtime and ctime */
void inode_changed(struct inode *inode);
void inode_fill_stat(const struct namespace *ns, struct inode *inode,
		     struct stat *st);
/* To be called whenever a name, an open file or a lookup went away. */
void inode_settle(struct namespace *ns, struct inode *inode);
/* Frees the memory of regions that are gone, for which there is time then. */
void namespace_unlock(struct namespace *ns);

/* inode_xattr.c */
/* A new mode, and what of an access control list goes with it. */
void inode_chmod(struct inode *inode, mode_t mode);
/* The mode of what is made in dir, by its default list or else the umask. */
int inode_inherit(struct namespace *ns, const struct inode *dir,
		  struct inode *inode, mode_t umask);

/* names.c */
void dir_init(struct inode *dir);
/* All names, without counting anything down: at the very end. */
void dir_forget_names(struct inode *dir);
struct dentry *dentry_find(struct inode *dir, const char *text);
struct dentry *dentry_new(const char *text);
void dentry_link(struct inode *dir, struct dentry *n, struct inode *inode);
void dentry_unlink(struct inode *dir, struct dentry *n);
/* The first one behind a cookie, and the next ones; NULL at the end. */
struct dentry *dentry_behind(struct inode *dir, uint64_t cookie);
struct dentry *dentry_next(struct dentry *n);

/* dir.c */
/* -ENAMETOOLONG, or -ENOENT: the directory was removed. */
int dir_check_name(struct inode *dir, const char *name);
/* Takes the name away and frees it. */
void dentry_drop(struct namespace *ns, struct inode *dir, struct dentry *n);
/* Whether n may make place: for a file or for a directory. */
int dentry_check_victim(const struct dentry *n, bool for_dir);

#endif
