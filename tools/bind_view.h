/* SPDX-License-Identifier: MIT */
/*
 * Makes a mount visible at another path, for this process and its children
 * only.
 */
#ifndef BIND_VIEW_H
#define BIND_VIEW_H

/*
 * Makes path absolute. Returns a string for free(), or NULL after a message on
 * stderr.
 */
char *bind_view_absolute_path(const char *path);

/*
 * Makes dir visible at path (absolute) as well, in a new mount namespace;
 * without privilege in a new user namespace too. Returns 0, or -1 after a
 * message on stderr.
 */
int bind_view_show(const char *dir, const char *path);

#endif
