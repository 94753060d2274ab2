/* SPDX-License-Identifier: MIT */
/* Which mount, and which file in it, the arguments of a verb mean. */
#ifndef RESOLVE_TARGET_H
#define RESOLVE_TARGET_H

#include <mshare_ioctl.h>

struct where {
	char *path;  /* what was named, whole */
	char *mount; /* the root of the mount that it is in */
	int info;    /* the file mshare_info of that, open */
};

/*
 * named: a mount of msharefs or anything in it; NULL: $MSHAREFS_MOUNT, else the
 * user's default mount, else /sys/fs/mshare. EX_OK, or the status to end with
 * after a message.
 */
int where_find(struct where *where, const char *named);
void where_end(struct where *where);
/* What the daemon says of the mount; EX_OK or as where_find(). */
int where_status(const struct where *where, struct mshare_status_mount *mount);

/* Is path the root of a mount of ours? Of a daemon that lives. */
int where_is_root(const char *path);

/* Of a region. */
enum where_access {
	WHERE_LOOK,   /* whatever may be had: reading, else writing */
	WHERE_CHANGE, /* writing */
};

/* A descriptor or -errno; without a message. */
int where_try_open(const char *path, enum where_access access);
/* The same with a message: then -1, and the status to end with in *status. */
int where_open(const char *path, enum where_access access, int *status);
/* The message when an ioctl for status of what was named has failed. */
int where_no_status(const char *named, int err);

#endif
