/* SPDX-License-Identifier: MIT */
/*
 * Lists of extended attributes, as on tmpfs: user.*, trusted.*, security.* and
 * access control lists. The kernel checks permissions, except for listing
 * trusted.*. Callers hold the namespace lock.
 */
#ifndef XATTR_H
#define XATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

/*
 * The limit for all attributes of a mount together: without one, any user could
 * fill the daemon's memory.
 */
#define XATTR_ROOM (16UL << 20)

struct xattr;
SLIST_HEAD(xattrs, xattr);

/* How much an attribute counts against XATTR_ROOM. */
uint64_t xattr_room(const char *name, size_t size);

/*
 * flags as of setxattr(2). *used is what counts against XATTR_ROOM. 0, -EEXIST,
 * -ENODATA, -EOPNOTSUPP (unknown prefix), -EINVAL (nothing after the prefix),
 * -ENOSPC (also if listxattr(2) could not return all names) or -ENOMEM.
 */
int xattr_set(struct xattrs *list, const char *name, const void *value,
	      size_t size, int flags, uint64_t *used);
int xattr_remove(struct xattrs *list, const char *name, uint64_t *used);
void xattr_free(struct xattrs *list, uint64_t *used);

/*
 * Returns the length of the value, and copies it unless size is 0. -ERANGE if
 * size is too small; -ENODATA.
 */
ssize_t xattr_get(const struct xattrs *list, const char *name, void *buf,
		  size_t size);
/* The stored value, which may be changed in place; NULL if there is none. */
void *xattr_value(const struct xattrs *list, const char *name, size_t *size);
/*
 * Like xattr_get(), but of the list of names, each of which ends in a NUL
 * byte. trusted: includes trusted.*.
 */
ssize_t xattr_names(const struct xattrs *list, bool trusted, char *buf,
		    size_t size);

#endif
