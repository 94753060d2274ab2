/* SPDX-License-Identifier: MIT */
/* Resolves the argument of a verb to a mount and a file in it. */
#ifndef RESOLVE_TARGET_H
#define RESOLVE_TARGET_H

#include <stdbool.h>

#include <mshare_ioctl.h>

struct target {
	char *path;  /* the argument as an absolute path */
	char *mount; /* the root of its mount */
	int info;    /* an open descriptor of its mshare_info */
};

/*
 * named: a mount of msharefs or any file in it; NULL: $MSHAREFS_MOUNT, else the
 * default mount of the user, else /sys/fs/mshare. Returns EX_OK, or the exit
 * status after a message.
 */
int resolve_target(struct target *target, const char *named);
/*
 * Whether neither an argument nor $MSHAREFS_MOUNT names a mount, so that lists
 * are of all there is.
 */
bool target_is_unnamed(const char *named);
/* Whether there is a mount that resolve_target() finds without a name. */
bool target_has_default(void);
void target_close(struct target *target);
/*
 * Asks the daemon about the mount. Returns EX_OK, or the exit status after a
 * message.
 */
int target_mount_status(const struct target *target,
			struct mshare_status_mount *mount);

/* Whether path is the root of a mount of msharefs whose daemon is alive. */
int target_is_mount_root(const char *path);

/* What a verb wants to do with a region. */
enum target_access {
	TARGET_INSPECT, /* any access: reading, else writing */
	TARGET_CHANGE,	/* writing */
};

/* Opens a region. Returns a descriptor or -errno, without a message. */
int target_try_open(const char *path, enum target_access access);
/*
 * Does the same with a message; returns -1 then, and the exit status in
 * *status.
 */
int target_open(const char *path, enum target_access access, int *status);
/*
 * Prints the message for an ioctl on the mount or region that failed with err;
 * returns the exit status.
 */
int target_status_error(const char *named, int err);

#endif
