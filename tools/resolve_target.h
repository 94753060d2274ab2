/* SPDX-License-Identifier: MIT */
/* Which mount, and which file in it, the arguments of a verb mean. */
#ifndef RESOLVE_TARGET_H
#define RESOLVE_TARGET_H

#include <mshare_ioctl.h>

struct target {
	char *path;  /* what was named, whole */
	char *mount; /* the root of the mount that it is in */
	int info;    /* the file mshare_info of that, open */
};

/*
 * named: a mount of msharefs or anything in it; NULL: $MSHAREFS_MOUNT, else the
 * user's default mount, else /sys/fs/mshare. EX_OK, or the status to end with
 * after a message.
 */
int resolve_target(struct target *target, const char *named);
void target_close(struct target *target);
/* What the daemon says of the mount; EX_OK or as resolve_target(). */
int target_mount_status(const struct target *target,
			struct mshare_status_mount *mount);

/* Is path the root of a mount of ours? Of a daemon that lives. */
int target_is_mount_root(const char *path);

/* Of a region. */
enum target_access {
	TARGET_INSPECT, /* whatever may be had: reading, else writing */
	TARGET_CHANGE,	/* writing */
};

/* A descriptor or -errno; without a message. */
int target_try_open(const char *path, enum target_access access);
/* The same with a message: then -1, and the status to end with in *status. */
int target_open(const char *path, enum target_access access, int *status);
/* The message when an ioctl for status of what was named has failed. */
int target_status_error(const char *named, int err);

#endif
