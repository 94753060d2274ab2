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
struct asked_key {
	uint64_t mount;
	uint64_t device;
};

static inline bool asked_same(const struct asked_key *a,
			      const struct asked_key *b)
{
	return a->mount == b->mount && a->device == b->device;
}

/* Whether one more can be added. */
bool asked_room(void);
/* It is there already: once more, if it was asked for before. 0 or -ENOSPC. */
int asked_use(const struct asked_key *key);
/*
 * It was made. path: from the root; copied. alive: hung up when the daemon
 * ends; taken over. 0, -ENOSPC or -ENOMEM.
 */
int asked_made(const struct asked_key *key, const char *path, int alive);

enum asked_state {
	ASKED_NEVER,
	ASKED_STAYS, /* counted down; it is not ours to take away, or not yet */
	ASKED_LET_GO, /* it was used and released before */
	ASKED_LAST,   /* made here, and nobody else asks: not counted down */
};
enum asked_state asked_release(const struct asked_key *key);
/* Where it was made; PATH_MAX bytes, empty if it was not. */
void asked_path(const struct asked_key *key, char *path);
/* Its descriptor, for the caller to close, or -1. */
int asked_forget(const struct asked_key *key);

#endif
