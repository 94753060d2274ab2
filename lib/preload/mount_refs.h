/* SPDX-License-Identifier: MIT */
/*
 * The mounts of msharefs that this process, or the one it was forked from, has
 * asked for: made by a daemon it started, or used as they were.
 */
#ifndef MOUNT_REFS_H
#define MOUNT_REFS_H

#include <stdbool.h>
#include <stdint.h>

/* A mount, as statx() tells it from others. */
struct mount_refs_key {
	uint64_t mount;
	uint64_t device;
};

static inline bool mount_refs_same(const struct mount_refs_key *a,
				   const struct mount_refs_key *b)
{
	return a->mount == b->mount && a->device == b->device;
}

/* Whether one more can be added. */
bool mount_refs_has_room(void);
/* It is there already: once more, if it was asked for before. 0 or -ENOSPC. */
int mount_refs_use(const struct mount_refs_key *key);
/*
 * It was made. path: from the root; copied. alive: hung up when the daemon
 * ends; taken over. 0, -ENOSPC or -ENOMEM.
 */
int mount_refs_add_made(const struct mount_refs_key *key, const char *path,
			int alive);

enum mount_refs_released {
	MOUNT_REFS_UNKNOWN,
	MOUNT_REFS_KEPT, /* counted down; it is not ours to take away, or not
			    yet */
	MOUNT_REFS_ALREADY_RELEASED, /* it was used and released before */
	MOUNT_REFS_LAST, /* made here, and nobody else asks: not counted down */
};
enum mount_refs_released mount_refs_release(const struct mount_refs_key *key);
/* Where it was made; PATH_MAX bytes, empty if it was not. */
void mount_refs_path(const struct mount_refs_key *key, char *path);
/* Its descriptor, for the caller to close, or -1. */
int mount_refs_forget(const struct mount_refs_key *key);

#endif
