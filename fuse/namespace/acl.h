/* SPDX-License-Identifier: MIT */
/*
 * POSIX access control lists, as the kernel hands them over: the values of two
 * extended attributes. The kernel checks access by them; what they have to do
 * with modes is left to the filesystem.
 */
#ifndef ACL_H
#define ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

bool acl_is_name(const char *xattr);

/* Whether it is one at all: the functions below take valid ones only. */
bool acl_valid(const void *acl, size_t size);
/* Sets the permission bits that it means; whether it says more than they do. */
bool acl_to_mode(const void *acl, size_t size, mode_t *mode);
/* chmod(): what of it the mode has a say in. */
void acl_chmod(void *acl, size_t size, mode_t mode);
/*
 * A directory's default becomes the list of what is made in it with this mode:
 * neither grants what the other does not. Whether it says more than the mode.
 */
bool acl_inherit(void *acl, size_t size, mode_t *mode);

#endif
