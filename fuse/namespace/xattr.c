/* SPDX-License-Identifier: MIT */
#include "namespace/xattr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/limits.h>
#include <sys/xattr.h>

#include "namespace/acl.h"

#define TRUSTED "trusted."

struct xattr {
	SLIST_ENTRY(xattr) entry;
	char *name;
	size_t size;
	char value[];
};

static int check_name(const char *name)
{
	static const char *const kinds[] = {"user.", TRUSTED, "security."};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i]);

		if (!strncmp(name, kinds[i], length))
			return name[length] ? 0 : -EINVAL;
	}
	return acl_is_name(name) ? 0 : -EOPNOTSUPP;
}

/* The names of a list, as listxattr() returns them. */
static size_t names_size(const struct xattrs *list)
{
	const struct xattr *x;
	size_t size = 0;

	SLIST_FOREACH (x, list, entry)
		size += strlen(x->name) + 1;
	return size;
}

static struct xattr *find(const struct xattrs *list, const char *name)
{
	struct xattr *x;

	SLIST_FOREACH (x, list, entry)
		if (!strcmp(x->name, name))
			return x;
	return NULL;
}

static struct xattr *xattr_new(const char *name, const void *value, size_t size)
{
	struct xattr *x = malloc(sizeof(*x) + size);

	if (!x)
		return NULL;
	x->name = strdup(name);
	if (!x->name) {
		free(x);
		return NULL;
	}
	x->size = size;
	if (size)
		memcpy(x->value, value, size);
	return x;
}

uint64_t xattr_room(const char *name, size_t size)
{
	return sizeof(struct xattr) + strlen(name) + 1 + size;
}

static void drop(struct xattrs *list, struct xattr *x, uint64_t *used)
{
	*used -= xattr_room(x->name, x->size);
	SLIST_REMOVE(list, x, xattr, entry);
	free(x->name);
	free(x);
}

int xattr_set(struct xattrs *list, const char *name, const void *value,
	      size_t size, int flags, uint64_t *used)
{
	struct xattr *old = find(list, name), *fresh;
	uint64_t before = old ? xattr_room(old->name, old->size) : 0;
	int err = check_name(name);

	if (err)
		return err;
	if (old && flags & XATTR_CREATE)
		return -EEXIST;
	if (!old && flags & XATTR_REPLACE)
		return -ENODATA;
	if (*used - before + xattr_room(name, size) > XATTR_ROOM)
		return -ENOSPC;
	if (!old && names_size(list) + strlen(name) + 1 > XATTR_LIST_MAX)
		return -ENOSPC;
	fresh = xattr_new(name, value, size);
	if (!fresh)
		return -ENOMEM;
	if (old)
		drop(list, old, used);
	SLIST_INSERT_HEAD(list, fresh, entry);
	*used += xattr_room(name, size);
	return 0;
}

int xattr_remove(struct xattrs *list, const char *name, uint64_t *used)
{
	struct xattr *x = find(list, name);
	int err = check_name(name);

	if (err)
		return err;
	if (!x)
		return -ENODATA;
	drop(list, x, used);
	return 0;
}

void xattr_free(struct xattrs *list, uint64_t *used)
{
	while (!SLIST_EMPTY(list))
		drop(list, SLIST_FIRST(list), used);
}

ssize_t xattr_get(const struct xattrs *list, const char *name, void *buf,
		  size_t size)
{
	const struct xattr *x = find(list, name);
	int err = check_name(name);

	if (err)
		return err;
	if (!x)
		return -ENODATA;
	if (size && size < x->size)
		return -ERANGE;
	if (size)
		memcpy(buf, x->value, x->size);
	return (ssize_t)x->size;
}

void *xattr_value(const struct xattrs *list, const char *name, size_t *size)
{
	struct xattr *x = find(list, name);

	if (!x)
		return NULL;
	*size = x->size;
	return x->value;
}

ssize_t xattr_names(const struct xattrs *list, bool trusted, char *buf,
		    size_t size)
{
	const struct xattr *x;
	size_t used = 0;

	SLIST_FOREACH (x, list, entry) {
		size_t length = strlen(x->name) + 1;

		if (!trusted && !strncmp(x->name, TRUSTED, strlen(TRUSTED)))
			continue;
		if (size) {
			if (length > size - used)
				return -ERANGE;
			memcpy(buf + used, x->name, length);
		}
		used += length;
	}
	return (ssize_t)used;
}
