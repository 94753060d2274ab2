/* SPDX-License-Identifier: MIT */
/* The names in a directory: by text, and in the order they were made in. */
#include "namespace/dir.h"

#include <stdlib.h>
#include <string.h>

static int cmp_name(const struct dentry *a, const struct dentry *b)
{
	return strcmp(a->text, b->text);
}

static int cmp_cookie(const struct dentry *a, const struct dentry *b)
{
	return (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

TREE_GENERATE(by_name, dentry, by_name, cmp_name)
TREE_GENERATE(by_cookie, dentry, by_cookie, cmp_cookie)

void dir_init(struct inode *dir)
{
	RB_INIT(&dir->by_name);
	RB_INIT(&dir->by_cookie);
	dir->last_cookie = COOKIE_FIRST - 1;
}

void dir_forget_names(struct inode *dir)
{
	struct dentry *n, *next;

	RB_FOREACH_SAFE (n, by_cookie, &dir->by_cookie, next) {
		RB_REMOVE(by_cookie, &dir->by_cookie, n);
		free(n);
	}
}

struct dentry *dentry_find(struct inode *dir, const char *text)
{
	struct dentry *n = RB_ROOT(&dir->by_name);

	while (n) {
		int c = strcmp(text, n->text);

		if (c == 0)
			break;
		n = c < 0 ? RB_LEFT(n, by_name) : RB_RIGHT(n, by_name);
	}
	return n;
}

struct dentry *dentry_new(const char *text)
{
	size_t size = strlen(text) + 1;
	struct dentry *n = malloc(sizeof(*n) + size);

	if (n)
		memcpy(n->text, text, size);
	return n;
}

void dentry_link(struct inode *dir, struct dentry *n, struct inode *inode)
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

void dentry_unlink(struct inode *dir, struct dentry *n)
{
	RB_REMOVE(by_name, &dir->by_name, n);
	RB_REMOVE(by_cookie, &dir->by_cookie, n);
	dir->nnames--;
	if (S_ISDIR(n->inode->mode))
		dir->nlink--;
}

struct dentry *dentry_behind(struct inode *dir, uint64_t cookie)
{
	struct dentry key = {.cookie = cookie + 1};

	return RB_NFIND(by_cookie, &dir->by_cookie, &key);
}

struct dentry *dentry_next(struct dentry *n)
{
	return RB_NEXT(by_cookie, NULL, n);
}
