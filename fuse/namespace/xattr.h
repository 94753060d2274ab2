/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes, as tmpfs keeps them: user.*, trusted.*, security.* and
 * access control lists. Who may do what the kernel decides, but for listing
 * trusted.*. The caller locks.
 */
#ifndef XATTR_H
#define XATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

/* What all of a mount's may take together, or anyone could fill our memory. */
#define XATTR_ROOM (16UL << 20)

struct xattr;
SLIST_HEAD(xattrs, xattr);

/*
 * flags as of setxattr(2); used counts against XATTR_ROOM. 0 or -EEXIST,
 * -ENODATA, -EOPNOTSUPP (another kind of name), -EINVAL (no more than the
 * kind), -ENOSPC, -ENOMEM.
 */
int xattr_set(struct xattrs *list, const char *name, const void *value,
	      size_t size, int flags, uint64_t *used);
int xattr_remove(struct xattrs *list, const char *name, uint64_t *used);
void xattr_free(struct xattrs *list, uint64_t *used);

/* The length; with size not 0, buf is filled, or -ERANGE if it is too small. */
ssize_t xattr_get(const struct xattrs *list, const char *name, void *buf,
		  size_t size);
/* Where it is kept, to be changed in place; NULL if there is none. */
void *xattr_value(const struct xattrs *list, const char *name, size_t *size);
/* The names, each with its 0 byte. trusted: those of trusted.* too. */
ssize_t xattr_names(const struct xattrs *list, bool trusted, char *buf,
		    size_t size);

#endif
