/* SPDX-License-Identifier: MIT */
/*
 * What programs see that look for the filesystem by its type. The kernel calls
 * our mounts "fuse.msharefs" and does not list msharefs among its filesystems.
 * A program that opens one of the lists gets, in the same descriptor, a copy
 * that says "msharefs"; where there is nothing to change, the file itself.
 */
#ifndef FSTYPE_VIEW_H
#define FSTYPE_VIEW_H

#include <stdbool.h>

enum view_kind {
	VIEW_NONE, /* no list */
	VIEW_MOUNTS,
	VIEW_MOUNTINFO,
	VIEW_FILESYSTEMS,
};

enum view_kind view_kind(const char *path);

/* path was opened successfully, so it can be read. */
static inline bool view_near(const char *path)
{
	return path[0] == '/' && (path[1] == 'p' || path[1] == 'e') &&
	       view_kind(path) != VIEW_NONE;
}

/*
 * fd was opened a moment ago by that name. If it is open for reading only and
 * there is something to change, it becomes the copy; whatever fails, it stays
 * what it is. Keeps errno.
 */
void view_show(int fd, const char *path);

#endif
