/* SPDX-License-Identifier: MIT */
/*
 * POSIX access control lists, in the form of the two extended attributes in
 * which the kernel passes them. The kernel checks access against them; keeping
 * lists and modes consistent is the filesystem's part.
 */
#ifndef ACL_H
#define ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

bool acl_is_name(const char *xattr);

/* The functions below take only lists for which this is true. */
bool acl_valid(const void *acl, size_t size);
/*
 * Sets the permission bits of *mode to what the list grants. False if these
 * bits say all that the list says.
 */
bool acl_to_mode(const void *acl, size_t size, mode_t *mode);
/* chmod(): sets the entries that correspond to permission bits. */
void acl_chmod(void *acl, size_t size, mode_t mode);
/*
 * Turns a directory's default list into the access list of a file that is
 * created in it with *mode. List and mode then grant only what both of them
 * granted. Returns what acl_to_mode() returns.
 */
bool acl_inherit(void *acl, size_t size, mode_t *mode);

#endif
