/* SPDX-License-Identifier: MIT */
/*
 * Shows programs the filesystem type "msharefs". The kernel calls our mounts
 * "fuse.msharefs" and does not list msharefs among its filesystems. A program
 * that opens such a list for reading gets a corrected copy in the same
 * descriptor, or the file itself if there is nothing to correct.
 */
#ifndef FSTYPE_VIEW_H
#define FSTYPE_VIEW_H

#include <stdbool.h>

enum fstype_view_kind {
	FSTYPE_VIEW_NONE, /* not such a list */
	FSTYPE_VIEW_MOUNTS,
	FSTYPE_VIEW_MOUNTINFO,
	FSTYPE_VIEW_FILESYSTEMS,
};

enum fstype_view_kind fstype_view_kind(const char *path);

/* Whether path is such a list. It was opened, so the string is readable. */
static inline bool fstype_view_applies(const char *path)
{
	return path[0] == '/' && (path[1] == 'p' || path[1] == 'e') &&
	       fstype_view_kind(path) != FSTYPE_VIEW_NONE;
}

/*
 * Replaces fd, which was just opened as path, by the corrected copy, if it is
 * open for reading only and there is something to correct. On failure fd stays
 * what it is. Keeps errno.
 */
void fstype_view_show(int fd, const char *path);

#endif
