/* SPDX-License-Identifier: MIT */
/*
 * Shows programs the filesystem type "msharefs". The kernel calls our mounts
 * "fuse.msharefs" and does not list msharefs among its filesystems. What a
 * program reads from such a list is corrected; all else about the descriptor is
 * the kernel's.
 */
#ifndef FSTYPE_VIEW_H
#define FSTYPE_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

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

/* Whether there ever was a descriptor of a list with something to correct. */
extern atomic_bool fstype_view_any;

static inline bool fstype_view_in_use(void)
{
	return atomic_load_explicit(&fstype_view_any, memory_order_relaxed);
}

/*
 * From now on, what is read from fd is corrected. fd was just opened as path.
 * False: it is not open for reading only, or there is nothing to correct. Keeps
 * errno, as do the others.
 */
bool fstype_view_show(int fd, const char *path);
/*
 * read() or, if at is not -1, pread(). True: *ret is the result or -errno.
 * False: the kernel's read() does it.
 */
bool fstype_view_read(int fd, void *to, size_t n, off_t at, ssize_t *ret);
/* After dup2(from, to): to becomes a corrected copy if from is such a list. */
void fstype_view_copy(int from, int to);

#endif
