/* SPDX-License-Identifier: MIT */
/*
 * Rules for the names in a directory, shared by dir.c and rename.c. Call
 * everything here with the namespace lock held.
 */
#ifndef DIR_H
#define DIR_H

#include <stdbool.h>

struct dentry;
struct inode;
struct namespace;

/* 0; -ENAMETOOLONG; or -ENOENT if the directory was removed. */
int dir_check_name(struct inode *dir, const char *name);
/* Removes the name from its directory and frees it. */
void dentry_drop(struct namespace *ns, struct inode *dir, struct dentry *n);
/*
 * Checks whether n may be removed: by rmdir(), or by renaming a directory over
 * it, if for_dir; else by unlink(), or by renaming a file over it. 0, -EPERM
 * (mshare_info), -EISDIR, -ENOTDIR or -ENOTEMPTY.
 */
int dentry_check_victim(const struct dentry *n, bool for_dir);

#endif
