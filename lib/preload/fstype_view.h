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

enum fstype_view_kind {
	FSTYPE_VIEW_NONE, /* no list */
	FSTYPE_VIEW_MOUNTS,
	FSTYPE_VIEW_MOUNTINFO,
	FSTYPE_VIEW_FILESYSTEMS,
};

enum fstype_view_kind fstype_view_kind(const char *path);

/* path was opened successfully, so it can be read. */
static inline bool fstype_view_applies(const char *path)
{
	return path[0] == '/' && (path[1] == 'p' || path[1] == 'e') &&
	       fstype_view_kind(path) != FSTYPE_VIEW_NONE;
}

/*
 * fd was opened a moment ago by that name. If it is open for reading only and
 * there is something to change, it becomes the copy; whatever fails, it stays
 * what it is. Keeps errno.
 */
void fstype_view_show(int fd, const char *path);

#endif
