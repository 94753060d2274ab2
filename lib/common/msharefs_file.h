/* SPDX-License-Identifier: MIT */
/* Which files are of msharefs, by name. (By descriptor: attach_is_ours().) */
#ifndef MSHAREFS_FILE_H
#define MSHAREFS_FILE_H

#include <stdbool.h>

/*
 * dir, path and flags as of statx(2); a bad path is no file of ours. Keeps
 * errno. A strange FUSE daemon is asked only about the root of its mount.
 */
bool ours_file(int dir, const char *path, int flags);

#endif
