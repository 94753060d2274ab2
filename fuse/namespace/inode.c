/* SPDX-License-Identifier: MIT */
#include "namespace/inode.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/quota.h"
#include "common/protocol.h"
#include "namespace/dentry.h"
#include "namespace/inode_internal.h"
#include "namespace/xattr_quota.h"
#include "region/region_life.h"

#define SECONDS_A_DAY 86400
#define INFO_NAME "mshare_info"

/* How much each name, "." and ".." add to a directory's size, as on tmpfs. */
#define BYTES_A_NAME 20

/*
 * After so many freed inodes, freed memory goes back to the system. Doing so
 * for fewer costs more than it gains: the memory is soon needed again, and
 * unlink() of 1000 files takes a quarter longer.
 */
#define MANY_FREED 4096

struct timespec inode_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

void inode_changed(struct inode *inode)
{
	inode->mtime = inode->ctime = inode_now();
}

int inode_new(struct namespace *ns, const struct inode_seed *seed,
	      struct inode **out)
{
	struct inode *inode = calloc(1, sizeof(*inode));
	int err;

	if (!inode)
		return -ENOMEM;
	inode->user = user_get(seed->uid);
	err = inode->user ? user_charge(inode->user, QUOTA_INODES, 1) : -ENOMEM;
	if (err) {
		user_put(inode->user);
		free(inode);
		return err;
	}
	inode->number = MSHARE_INO_BASE | (uint32_t)++ns->last_number;
	inode->mode = seed->mode;
	inode->uid = seed->uid;
	inode->gid = seed->gid;
	inode->atime = inode_now();
	inode->mtime = inode->ctime = inode->atime;
	dir_init(inode);
	ns->ninodes++;
	SLIST_INIT(&inode->xattrs);
	LIST_INSERT_HEAD(&ns->all, inode, all);
	*out = inode;
	return 0;
}

/* True once for every time that more inodes were freed than are left. */
static bool can_give_back(struct namespace *ns)
{
	if (ns->nfreed < MANY_FREED || ns->nfreed < ns->ninodes)
		return false;
	ns->nfreed = 0;
	return true;
}

void namespace_unlock(struct namespace *ns)
{
	struct region *dying = SLIST_FIRST(&ns->dying), *next;
	const bool give_back = can_give_back(ns);

	SLIST_INIT(&ns->dying);
	pthread_mutex_unlock(&ns->lock);
	for (; dying; dying = next) {
		next = SLIST_NEXT(dying, dying);
		region_disown(dying);
		region_put(dying);
	}
	if (give_back)
		malloc_trim(0);
}

void inode_settle(struct namespace *ns, struct inode *inode)
{
	if (inode->nlink)
		return;
	if (inode->region && !inode->nameless)
		region_leaves(inode->region);
	inode->nameless = true;
	if (inode->nopen)
		return;
	if (inode->region && !inode->dead) {
		inode->dead = true;
		region_get(inode->region);
		SLIST_INSERT_HEAD(&ns->dying, inode->region, dying);
	}
	if (inode->nlookup)
		return;
	ns->ninodes--;
	ns->nfreed++;
	LIST_REMOVE(inode, all);
	if (inode->region)
		region_put(inode->region);
	xattr_quota_free(ns, inode);
	user_release(inode->user, QUOTA_INODES, 1);
	user_put(inode->user);
	free(inode);
}

void inode_fill_stat(const struct namespace *ns, struct inode *inode,
		     struct stat *st)
{
	*st = (struct stat){
		.st_ino = inode->number,
		.st_mode = inode->mode,
		.st_nlink = inode->nlink,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_blksize = 4096,
		.st_atim = inode->atime,
		.st_mtim = inode->mtime,
		.st_ctim = inode->ctime,
	};
	if (S_ISDIR(inode->mode))
		st->st_size = (off_t)((inode->nnames + 2) * BYTES_A_NAME);
	if (inode->is_info)
		st->st_size = (off_t)strlen(ns->info);
	if (inode->region) {
		uint64_t start, size, mapped;

		region_shape(inode->region, &start, &size, &mapped);
		st->st_size = (off_t)size;
		st->st_blocks = (blkcnt_t)(mapped / 512);
	}
}

void inode_forget(struct namespace *ns, struct inode *inode, uint64_t n)
{
	pthread_mutex_lock(&ns->lock);
	inode->nlookup -= n;
	inode_settle(ns, inode);
	namespace_unlock(ns);
}

void inode_stat(struct namespace *ns, struct inode *inode, struct stat *st)
{
	pthread_mutex_lock(&ns->lock);
	inode_fill_stat(ns, inode, st);
	namespace_unlock(ns);
}

void inode_touch(struct namespace *ns, struct inode *inode)
{
	pthread_mutex_lock(&ns->lock);
	inode_changed(inode);
	namespace_unlock(ns);
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

bool inode_accessed(struct namespace *ns, struct inode *inode)
{
	struct timespec now = inode_now();
	bool old;

	pthread_mutex_lock(&ns->lock);
	old = !later(&inode->atime, &inode->mtime) ||
	      !later(&inode->atime, &inode->ctime) ||
	      inode->atime.tv_sec <= now.tv_sec - SECONDS_A_DAY;
	if (old)
		inode->atime = now;
	namespace_unlock(ns);
	return old;
}

void inode_open(struct namespace *ns, struct inode *inode)
{
	pthread_mutex_lock(&ns->lock);
	inode->nopen++;
	namespace_unlock(ns);
}

void inode_close(struct namespace *ns, struct inode *inode)
{
	pthread_mutex_lock(&ns->lock);
	inode->nopen--;
	inode_settle(ns, inode);
	namespace_unlock(ns);
}

uint64_t namespace_count(struct namespace *ns)
{
	uint64_t n;

	pthread_mutex_lock(&ns->lock);
	n = ns->ninodes;
	namespace_unlock(ns);
	return n;
}

static int add_info(struct namespace *ns, const struct inode_seed *root)
{
	struct inode_seed seed = *root;
	struct dentry *n = dentry_new(INFO_NAME);
	struct inode *info;
	int err;

	seed.mode = S_IFREG | 0444;
	err = n ? inode_new(ns, &seed, &info) : -ENOMEM;
	if (err) {
		free(n);
		return err;
	}
	info->is_info = true;
	info->nlink = 1;
	dentry_link(ns->root, n, info);
	return 0;
}

int namespace_init(struct namespace *ns, struct backing *backing,
		   uint64_t align, const struct inode_seed *root)
{
	int err;

	*ns = (struct namespace){.backing = backing};
	LIST_INIT(&ns->all);
	SLIST_INIT(&ns->dying);
	pthread_mutex_init(&ns->lock, NULL);
	snprintf(ns->info, sizeof(ns->info), "%" PRIu64 "\n", align);
	err = inode_new(ns, root, &ns->root);
	if (!err) {
		ns->root->nlink = 2;
		ns->root->nlookup = 1; /* the kernel never forgets the root */
		err = add_info(ns, root);
	}
	if (err)
		namespace_free(ns);
	return err;
}

/* After unmounting the kernel forgets nothing more: drops all references. */
void namespace_free(struct namespace *ns)
{
	struct inode *inode, *next;

	pthread_mutex_lock(&ns->lock);
	LIST_FOREACH_SAFE (inode, &ns->all, all, next) {
		dir_forget_names(inode);
		inode->nlink = inode->nopen = inode->nlookup = 0;
		inode_settle(ns, inode);
	}
	namespace_unlock(ns);
	pthread_mutex_destroy(&ns->lock);
}

void namespace_sum(struct namespace *ns, struct namespace_sums *sums)
{
	struct inode *inode;

	*sums = (struct namespace_sums){0};
	pthread_mutex_lock(&ns->lock);
	LIST_FOREACH (inode, &ns->all, all) {
		struct region *region = inode->region;

		if (!region || inode->dead)
			continue;
		pthread_mutex_lock(&region->lock);
		sums->regions++;
		sums->mapped += region->maps.bytes;
		sums->present += region_present(region);
		pthread_mutex_unlock(&region->lock);
	}
	namespace_unlock(ns);
}
