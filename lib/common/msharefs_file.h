/* SPDX-License-Identifier: MIT */
/* Tells files of msharefs from others, by name. */
#ifndef MSHAREFS_FILE_H
#define MSHAREFS_FILE_H

#include <stdbool.h>

/*
 * dir, path and flags: as for statx(2); false if there is no such file. Keeps
 * errno. Asks the daemon of another FUSE filesystem only about its root.
 * attach_is_msharefs() answers the same for a descriptor, and asks no daemon.
 */
bool is_msharefs_file(int dir, const char *path, int flags);

#endif
