/* SPDX-License-Identifier: MIT */
/* A mount seen in another place, by this process and its children alone. */
#ifndef BIND_VIEW_H
#define BIND_VIEW_H

/* An absolute path, for free(), or NULL with a message on stderr. */
char *at_whole_path(const char *path);

/*
 * From here on dir is also at path (absolute), in a mount namespace of our own;
 * without privilege in a user namespace too. 0, or -1 with a message on stderr.
 */
int at_show(const char *dir, const char *path);

#endif
