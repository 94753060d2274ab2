/* SPDX-License-Identifier: MIT */
/*
 * Counts the mounts of msharefs that this process, or an ancestor before
 * fork(), got from mount(): those it made by starting a daemon, and existing
 * ones.
 */
#ifndef MOUNT_REFS_H
#define MOUNT_REFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether there ever was a reference: if not, umount() is the kernel's. */
extern atomic_bool mount_refs_any;

/* Identifies a mount, as statx() reports it. */
struct mount_refs_key {
	uint64_t mount;
	uint64_t device;
};

static inline bool mount_refs_same(const struct mount_refs_key *a,
				   const struct mount_refs_key *b)
{
	return a->mount == b->mount && a->device == b->device;
}

/* Whether there is room for one more mount. */
bool mount_refs_has_room(void);
/* Adds a reference to an existing mount. 0 or -ENOSPC. */
int mount_refs_use(const struct mount_refs_key *key);
/*
 * Adds a mount that this process made, with one reference. path: absolute, is
 * copied. alive: a pipe that closes when the daemon ends; owned by the callee.
 * 0, -ENOSPC or -ENOMEM.
 */
int mount_refs_add_made(const struct mount_refs_key *key, const char *path,
			int alive);

enum mount_refs_released {
	MOUNT_REFS_UNKNOWN,
	MOUNT_REFS_KEPT, /* counted down, others remain or it is not ours */
	MOUNT_REFS_ALREADY_RELEASED,
	MOUNT_REFS_LAST, /* the last one of a mount made here; not counted down
			  */
};
/* Gives up one reference. */
enum mount_refs_released mount_refs_release(const struct mount_refs_key *key);
/* Copies the path that it was made at to path (PATH_MAX bytes), or "". */
void mount_refs_path(const struct mount_refs_key *key, char *path);
/* Removes the mount. Returns its pipe, for the caller to close, or -1. */
int mount_refs_forget(const struct mount_refs_key *key);

#endif
