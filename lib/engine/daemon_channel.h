/* SPDX-License-Identifier: MIT */
/* The library's half of a conversation with the daemon (proto.h). */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include <stdint.h>

#include "common/protocol.h"

/* Async-signal-safe, all of them; interrupted by no signal that is blocked. */

/* The daemon's socket of that name: a descriptor, or -errno. */
int talk_connect(const char *name);

struct hello talk_hello(enum hello_op op, const unsigned char *key,
			uintptr_t base);
/* uffd: -1, or handed over to whom it may be. 0 or -EIO. */
int talk_say(int sock, const struct hello *hello, int uffd);
/*
 * 0, or what the daemon says is wrong, or -EIO where it says nothing sensible.
 * fd: NULL, or a descriptor must come with the answer.
 */
int talk_hear(int sock, struct answer *answer, int *fd);
/* Nothing could be said, as it has hung up: the reason it gave, or -EIO. */
int talk_why(int sock);

#endif
