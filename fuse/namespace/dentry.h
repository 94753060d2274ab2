/* SPDX-License-Identifier: MIT */
/*
 * The names in one directory. Call everything here with the namespace lock
 * held.
 */
#ifndef DENTRY_H
#define DENTRY_H

#include <stdint.h>

#include "base/tree.h"
#include "namespace/inode_struct.h"

/* Positions in a directory: "." and ".." come before all names. */
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

void dir_init(struct inode *dir);
/* Frees all names and leaves every count alone: for unmounting only. */
void dir_forget_names(struct inode *dir);
struct dentry *dentry_find(struct inode *dir, const char *text);
struct dentry *dentry_new(const char *text);
void dentry_link(struct inode *dir, struct dentry *n, struct inode *inode);
void dentry_unlink(struct inode *dir, struct dentry *n);
/* Returns the first name after cookie; NULL if there is none. */
struct dentry *dentry_behind(struct inode *dir, uint64_t cookie);
/* Returns the name made after n; NULL if n is the last. */
struct dentry *dentry_next(struct dentry *n);

#endif
