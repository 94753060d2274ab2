/* SPDX-License-Identifier: MIT */
#include "inode.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change.h"
#include "proto.h"

#define INFO_NAME "mshare_info"

/* What a directory seems to grow by with each name, as on tmpfs. */
#define BYTES_A_NAME 20

/* "." and ".." come first in a directory. */
enum {
	COOKIE_DOT = 1,
	COOKIE_DOTDOT = 2,
	COOKIE_FIRST = 3
};

struct name {
	RB_ENTRY(name) by_name;
	RB_ENTRY(name) by_cookie;
	struct inode *inode;
	uint64_t cookie;
	char text[];
};

static int cmp_name(const struct name *a, const struct name *b)
{
	return strcmp(a->text, b->text);
}

static int cmp_cookie(const struct name *a, const struct name *b)
{
	return (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

TREE_GENERATE(by_name, name, by_name, cmp_name)
TREE_GENERATE(by_cookie, name, by_cookie, cmp_cookie)

static struct timespec now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

static void changed(struct inode *inode)
{
	inode->mtime = inode->ctime = now();
}

static struct inode *inode_new(struct namespace *ns,
			       const struct inode_seed *seed)
{
	struct inode *inode = calloc(1, sizeof(*inode));

	if (!inode)
		return NULL;
	inode->number = MSHARE_INO_BASE | (uint32_t)++ns->last_number;
	inode->mode = seed->mode;
	inode->uid = seed->uid;
	inode->gid = seed->gid;
	inode->atime = now();
	inode->mtime = inode->ctime = inode->atime;
	RB_INIT(&inode->by_name);
	RB_INIT(&inode->by_cookie);
	inode->last_cookie = COOKIE_FIRST - 1;
	ns->ninodes++;
	LIST_INSERT_HEAD(&ns->all, inode, all);
	return inode;
}

/* Freeing memory takes time, so it happens here, after unlocking. */
static void unlock(struct namespace *ns)
{
	struct region *dying = SLIST_FIRST(&ns->dying), *next;

	SLIST_INIT(&ns->dying);
	pthread_mutex_unlock(&ns->lock);
	for (; dying; dying = next) {
		next = SLIST_NEXT(dying, dying);
		region_disown(dying);
		region_put(dying);
	}
}

/* To be called whenever a name, an open file or a lookup went away. */
static void settle(struct namespace *ns, struct inode *inode)
{
	if (inode->nlink || inode->nopen)
		return;
	if (inode->region && !inode->dead) {
		inode->dead = true;
		region_get(inode->region);
		SLIST_INSERT_HEAD(&ns->dying, inode->region, dying);
	}
	if (inode->nlookup)
		return;
	ns->ninodes--;
	LIST_REMOVE(inode, all);
	if (inode->region)
		region_put(inode->region);
	free(inode);
}

static struct name *name_find(struct inode *dir, const char *text)
{
	struct name *n = RB_ROOT(&dir->by_name);

	while (n) {
		int c = strcmp(text, n->text);

		if (c == 0)
			break;
		n = c < 0 ? RB_LEFT(n, by_name) : RB_RIGHT(n, by_name);
	}
	return n;
}

static struct name *name_new(const char *text)
{
	size_t size = strlen(text) + 1;
	struct name *n = malloc(sizeof(*n) + size);

	if (n)
		memcpy(n->text, text, size);
	return n;
}

static void name_link(struct inode *dir, struct name *n, struct inode *inode)
{
	n->inode = inode;
	n->cookie = ++dir->last_cookie;
	RB_INSERT(by_name, &dir->by_name, n);
	RB_INSERT(by_cookie, &dir->by_cookie, n);
	dir->nnames++;
	if (S_ISDIR(inode->mode)) {
		inode->parent = dir;
		dir->nlink++;
	}
}

static void name_unlink(struct inode *dir, struct name *n)
{
	RB_REMOVE(by_name, &dir->by_name, n);
	RB_REMOVE(by_cookie, &dir->by_cookie, n);
	dir->nnames--;
	if (S_ISDIR(n->inode->mode))
		dir->nlink--;
}

static void fill_stat(const struct namespace *ns, struct inode *inode,
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
		st->st_size = (off_t)(inode->nnames * BYTES_A_NAME);
	if (inode->control)
		st->st_size = (off_t)strlen(ns->info);
	if (inode->region) {
		uint64_t start, size, mapped;

		region_shape(inode->region, &start, &size, &mapped);
		st->st_size = (off_t)size;
		st->st_blocks = (blkcnt_t)(mapped / 512);
	}
}

static int check_name(struct inode *dir, const char *name)
{
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	return dir->nlink ? 0 : -ENOENT; /* the directory was removed */
}

int inode_lookup(struct namespace *ns, struct inode *dir, const char *name,
		 struct inode **out, struct stat *st)
{
	struct name *n;
	int err;

	pthread_mutex_lock(&ns->lock);
	err = check_name(dir, name);
	n = err ? NULL : name_find(dir, name);
	if (n) {
		n->inode->nlookup++;
		fill_stat(ns, n->inode, st);
		*out = n->inode;
	} else if (!err) {
		err = -ENOENT;
	}
	unlock(ns);
	return err;
}

static int create(struct namespace *ns, struct inode *dir, const char *text,
		  const struct inode_seed *seed, struct inode **out)
{
	struct name *n = NULL;
	struct inode *inode;
	int err = check_name(dir, text);

	if (err)
		return err;
	if (name_find(dir, text))
		return -EEXIST;
	n = name_new(text);
	inode = n ? inode_new(ns, seed) : NULL;
	if (!inode)
		goto no_memory;
	if (S_ISREG(seed->mode)) {
		inode->region = region_new(ns->backing);
		if (!inode->region) {
			settle(ns, inode);
			goto no_memory;
		}
	}
	if (dir->mode & S_ISGID) {
		inode->gid = dir->gid;
		if (S_ISDIR(seed->mode))
			inode->mode |= S_ISGID;
	}
	inode->nlink = S_ISDIR(seed->mode) ? 2 : 1;
	name_link(dir, n, inode);
	changed(dir);
	*out = inode;
	return 0;
no_memory:
	free(n);
	return -ENOMEM;
}

int inode_create(struct namespace *ns, struct inode *dir, const char *name,
		 const struct inode_seed *seed, struct inode **out,
		 struct stat *st)
{
	int err;

	pthread_mutex_lock(&ns->lock);
	err = create(ns, dir, name, seed, out);
	if (!err) {
		(*out)->nlookup++;
		fill_stat(ns, *out, st);
	}
	unlock(ns);
	return err;
}

int inode_link(struct namespace *ns, struct inode *inode, struct inode *dir,
	       const char *name, struct stat *st)
{
	struct name *n = NULL;
	int err;

	if (inode->control)
		return -EPERM;
	pthread_mutex_lock(&ns->lock);
	err = check_name(dir, name);
	if (err)
		goto out;
	err = -ENOENT; /* its last name went away meanwhile */
	if (!inode->nlink)
		goto out;
	err = -EEXIST;
	if (name_find(dir, name))
		goto out;
	err = -ENOMEM;
	n = name_new(name);
	if (!n)
		goto out;
	inode->nlink++;
	inode->ctime = now();
	name_link(dir, n, inode);
	changed(dir);
	inode->nlookup++;
	fill_stat(ns, inode, st);
	err = 0;
out:
	unlock(ns);
	return err;
}

static void drop_name(struct namespace *ns, struct inode *dir, struct name *n)
{
	struct inode *inode = n->inode;

	name_unlink(dir, n);
	free(n);
	changed(dir);
	inode->parent = NULL;
	inode->nlink -= S_ISDIR(inode->mode) ? 2 : 1;
	inode->ctime = now();
	settle(ns, inode);
}

/* Whether n may make place: for a file or for a directory. */
static int check_victim(const struct name *n, bool for_dir)
{
	if (n->inode->control)
		return -EPERM;
	if (!for_dir)
		return S_ISDIR(n->inode->mode) ? -EISDIR : 0;
	if (!S_ISDIR(n->inode->mode))
		return -ENOTDIR;
	return n->inode->nnames ? -ENOTEMPTY : 0;
}

static int remove_name(struct namespace *ns, struct inode *dir,
		       const char *name, bool is_dir)
{
	struct name *n;
	int err = -ENOENT;

	pthread_mutex_lock(&ns->lock);
	n = name_find(dir, name);
	if (n)
		err = check_victim(n, is_dir);
	if (!err)
		drop_name(ns, dir, n);
	unlock(ns);
	return err;
}

int inode_unlink(struct namespace *ns, struct inode *dir, const char *name)
{
	return remove_name(ns, dir, name, false);
}

int inode_rmdir(struct namespace *ns, struct inode *dir, const char *name)
{
	return remove_name(ns, dir, name, true);
}

static void exchange(struct inode *dir, struct name *a, struct inode *to_dir,
		     struct name *b)
{
	struct inode *inode = a->inode;

	a->inode = b->inode;
	b->inode = inode;
	if (S_ISDIR(a->inode->mode)) {
		a->inode->parent = dir;
		to_dir->nlink--;
		dir->nlink++;
	}
	if (S_ISDIR(b->inode->mode)) {
		b->inode->parent = to_dir;
		dir->nlink--;
		to_dir->nlink++;
	}
	a->inode->ctime = b->inode->ctime = now();
}

static int move(struct namespace *ns, struct inode *dir, struct name *n,
		struct inode *to_dir, const char *to_name, struct name *victim)
{
	struct name *fresh = name_new(to_name);
	struct inode *inode = n->inode;

	if (!fresh)
		return -ENOMEM;
	if (victim)
		drop_name(ns, to_dir, victim);
	name_unlink(dir, n);
	free(n);
	name_link(to_dir, fresh, inode);
	inode->ctime = now();
	return 0;
}

static int rename_locked(struct namespace *ns, struct inode *dir,
			 const char *name, struct inode *to_dir,
			 const char *to_name, unsigned int flags)
{
	struct name *from, *to;
	int err = check_name(to_dir, to_name);

	if (err)
		return err;
	from = name_find(dir, name);
	to = name_find(to_dir, to_name);
	if (!from || (flags & RENAME_EXCHANGE && !to))
		return -ENOENT;
	if (from->inode->control || (to && to->inode->control))
		return -EPERM;
	if (flags & RENAME_NOREPLACE && to)
		return -EEXIST;
	if (to && to->inode == from->inode)
		return 0; /* two names of one file: POSIX says do nothing */
	if (flags & RENAME_EXCHANGE) {
		exchange(dir, from, to_dir, to);
	} else {
		if (to)
			err = check_victim(to, S_ISDIR(from->inode->mode));
		if (!err)
			err = move(ns, dir, from, to_dir, to_name, to);
		if (err)
			return err;
	}
	changed(dir);
	changed(to_dir);
	return 0;
}

int inode_rename(struct namespace *ns, struct inode *dir, const char *name,
		 struct inode *to_dir, const char *to_name, unsigned int flags)
{
	int err;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE))
		return -EINVAL;
	pthread_mutex_lock(&ns->lock);
	err = rename_locked(ns, dir, name, to_dir, to_name, flags);
	unlock(ns);
	return err;
}

void inode_forget(struct namespace *ns, struct inode *inode, uint64_t n)
{
	pthread_mutex_lock(&ns->lock);
	inode->nlookup -= n;
	settle(ns, inode);
	unlock(ns);
}

void inode_stat(struct namespace *ns, struct inode *inode, struct stat *st)
{
	pthread_mutex_lock(&ns->lock);
	fill_stat(ns, inode, st);
	unlock(ns);
}

int inode_set(struct namespace *ns, struct inode *inode, struct stat *st,
	      unsigned int what)
{
	if (inode->control)
		return -EPERM;
	pthread_mutex_lock(&ns->lock);
	inode->ctime = now();
	if (what & INODE_MODE)
		inode->mode = (inode->mode & S_IFMT) | (st->st_mode & 07777);
	if (what & INODE_UID)
		inode->uid = st->st_uid;
	if (what & INODE_GID)
		inode->gid = st->st_gid;
	if (what & INODE_ATIME)
		inode->atime = st->st_atim;
	if (what & INODE_MTIME)
		inode->mtime = st->st_mtim;
	if (what & INODE_ATIME_NOW)
		inode->atime = inode->ctime;
	if (what & INODE_MTIME_NOW)
		inode->mtime = inode->ctime;
	fill_stat(ns, inode, st);
	unlock(ns);
	return 0;
}

void inode_touch(struct namespace *ns, struct inode *inode)
{
	pthread_mutex_lock(&ns->lock);
	changed(inode);
	unlock(ns);
}

void inode_readdir(struct namespace *ns, struct inode *dir, uint64_t cookie,
		   inode_emit emit, void *arg)
{
	struct name key = {.cookie = cookie + 1}, *n;
	bool more = true;

	pthread_mutex_lock(&ns->lock);
	if (cookie < COOKIE_DOT)
		more = emit(arg, ".", dir->number, S_IFDIR, COOKIE_DOT);
	if (more && cookie < COOKIE_DOTDOT) {
		struct inode *up = dir->parent ? dir->parent : dir;

		more = emit(arg, "..", up->number, S_IFDIR, COOKIE_DOTDOT);
	}
	n = RB_NFIND(by_cookie, &dir->by_cookie, &key);
	for (; more && n; n = RB_NEXT(by_cookie, NULL, n))
		more = emit(arg, n->text, n->inode->number, n->inode->mode,
			    n->cookie);
	unlock(ns);
}

void inode_open(struct namespace *ns, struct inode *inode)
{
	pthread_mutex_lock(&ns->lock);
	inode->nopen++;
	unlock(ns);
}

void inode_close(struct namespace *ns, struct inode *inode)
{
	pthread_mutex_lock(&ns->lock);
	inode->nopen--;
	settle(ns, inode);
	unlock(ns);
}

uint64_t namespace_count(struct namespace *ns)
{
	uint64_t n;

	pthread_mutex_lock(&ns->lock);
	n = ns->ninodes;
	unlock(ns);
	return n;
}

static int add_info(struct namespace *ns, const struct inode_seed *root)
{
	struct inode_seed seed = *root;
	struct name *n = name_new(INFO_NAME);
	struct inode *info;

	seed.mode = S_IFREG | 0444;
	info = n ? inode_new(ns, &seed) : NULL;
	if (!info) {
		free(n);
		return -ENOMEM;
	}
	info->control = true;
	info->nlink = 1;
	name_link(ns->root, n, info);
	return 0;
}

int namespace_init(struct namespace *ns, struct backing *backing,
		   uint64_t align, const struct inode_seed *root)
{
	*ns = (struct namespace){.backing = backing};
	LIST_INIT(&ns->all);
	SLIST_INIT(&ns->dying);
	pthread_mutex_init(&ns->lock, NULL);
	snprintf(ns->info, sizeof(ns->info), "%" PRIu64 "\n", align);
	ns->root = inode_new(ns, root);
	if (ns->root) {
		ns->root->nlink = 2;
		ns->root->nlookup = 1; /* the kernel never forgets it */
		if (!add_info(ns, root))
			return 0;
	}
	namespace_free(ns);
	return -ENOMEM;
}

/* After unmounting: what the kernel has not forgotten, it never will. */
void namespace_free(struct namespace *ns)
{
	struct inode *inode, *next;
	struct name *n, *next_name;

	pthread_mutex_lock(&ns->lock);
	LIST_FOREACH_SAFE (inode, &ns->all, all, next) {
		RB_FOREACH_SAFE (n, by_cookie, &inode->by_cookie, next_name) {
			RB_REMOVE(by_cookie, &inode->by_cookie, n);
			free(n);
		}
		inode->nlink = inode->nopen = inode->nlookup = 0;
		settle(ns, inode);
	}
	unlock(ns);
	pthread_mutex_destroy(&ns->lock);
}
