/* SPDX-License-Identifier: MIT */
/* struct inode and struct namespace; inode.h has the functions for them. */
#ifndef INODE_STRUCT_H
#define INODE_STRUCT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

#include "base/tree.h"
#include "namespace/stale_attr.h"
#include "namespace/xattr.h"
#include "region/region.h"

struct dentry;

struct inode {
	uint64_t number;       /* constant */
	bool is_info;	       /* constant; this is the file mshare_info */
	struct region *region; /* constant; NULL unless a regular file */
	struct stale_attr stale_attr; /* for directories; atomic */
	struct user *user; /* constant; who made it, and is charged for it */

	/* The rest: namespace lock */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	nlink_t nlink;
	uint64_t nlookup;
	uint64_t nopen;
	bool nameless; /* its last name went */
	bool dead;     /* namespace_unlock() disowns the region, or has */
	LIST_ENTRY(inode) all;
	struct timespec atime, mtime, ctime;
	struct xattrs xattrs;

	/* For directories; namespace lock */
	struct inode *parent;
	RB_HEAD(by_name, dentry) by_name;
	RB_HEAD(by_cookie, dentry) by_cookie;
	uint64_t last_cookie;
	uint64_t nnames;
};

struct namespace
{
	pthread_mutex_t lock; /* the namespace lock */
	struct backing *backing;
	struct inode *root;
	uint64_t last_number; /* namespace lock */
	uint64_t ninodes;     /* namespace lock */
	uint64_t nfreed;      /* namespace lock; since the last malloc_trim() */
	uint64_t xattr_bytes; /* namespace lock */
	LIST_HEAD(, inode) all;	    /* namespace lock */
	SLIST_HEAD(, region) dying; /* namespace lock; see namespace_unlock() */
	char info[24];		    /* constant; the text in mshare_info */
};

#endif
