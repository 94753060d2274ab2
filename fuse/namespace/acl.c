/* SPDX-License-Identifier: MIT */
#include "namespace/acl.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

/* <linux/posix_acl_xattr.h>'s, but they may lie anywhere. */
typedef struct {
	uint32_t a_version;
} __attribute__((packed)) header;

typedef struct {
	uint16_t e_tag, e_perm;
	uint32_t e_id;
} __attribute__((packed)) entry;

_Static_assert(sizeof(header) == sizeof(struct posix_acl_xattr_header) &&
		       sizeof(entry) == sizeof(struct posix_acl_xattr_entry),
	       "one format");

/* The attribute's entries, and which of them stand for the bits of a mode. */
struct parts {
	entry *owner, *group, *mask, *other;
	bool more; /* than these three classes */
};

bool acl_is_name(const char *xattr)
{
	return !strcmp(xattr, ACL_ACCESS) || !strcmp(xattr, ACL_DEFAULT);
}

static struct parts parts_of(const void *acl, size_t size)
{
	const header *h = acl;
	entry *e = (entry *)(h + 1);
	struct parts p = {0};

	for (size_t n = (size - sizeof(*h)) / sizeof(*e); n > 0; n--, e++) {
		switch (le16toh(e->e_tag)) {
		case ACL_USER_OBJ:
			p.owner = e;
			break;
		case ACL_GROUP_OBJ:
			p.group = e;
			break;
		case ACL_OTHER:
			p.other = e;
			break;
		case ACL_MASK:
			p.mask = e;
			p.more = true;
			break;
		default:
			p.more = true;
		}
	}
	return p;
}

bool acl_valid(const void *acl, size_t size)
{
	const header *h = acl;
	struct parts p;

	if (size < sizeof(*h) || (size - sizeof(*h)) % sizeof(entry) ||
	    le32toh(h->a_version) != POSIX_ACL_XATTR_VERSION)
		return false;
	p = parts_of(acl, size);
	return p.owner && p.group && p.other;
}

/* A class that is missing is granted nothing: no valid list lacks one. */
static mode_t perm(const entry *e)
{
	return e ? le16toh(e->e_perm) & 7 : 0;
}

static void set_perm(entry *e, mode_t bits)
{
	if (e)
		e->e_perm = htole16((uint16_t)(bits & 7));
}

/* The group bits of a mode are the mask's, if there is one. */
static entry *group_class(const struct parts *p)
{
	return p->mask ? p->mask : p->group;
}

bool acl_to_mode(const void *acl, size_t size, mode_t *mode)
{
	struct parts p = parts_of(acl, size);

	*mode = (*mode & ~(mode_t)0777) | perm(p.owner) << 6 |
		perm(group_class(&p)) << 3 | perm(p.other);
	return p.more;
}

void acl_chmod(void *acl, size_t size, mode_t mode)
{
	struct parts p = parts_of(acl, size);

	set_perm(p.owner, mode >> 6);
	set_perm(group_class(&p), mode >> 3);
	set_perm(p.other, mode);
}

bool acl_inherit(void *acl, size_t size, mode_t *mode)
{
	struct parts p = parts_of(acl, size);
	entry *group = group_class(&p);

	set_perm(p.owner, perm(p.owner) & *mode >> 6);
	set_perm(group, perm(group) & *mode >> 3);
	set_perm(p.other, perm(p.other) & *mode);
	return acl_to_mode(acl, size, mode);
}
