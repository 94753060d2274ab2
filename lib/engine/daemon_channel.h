/* SPDX-License-Identifier: MIT */
/* The library's end of a conversation with the daemon (common/protocol.h). */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include <stdint.h>

#include "common/protocol.h"

/* All of these are async-signal-safe, and restart after EINTR. */

/* Connects to the daemon's socket of that name: a descriptor, or -errno. */
int channel_connect(const char *name);

struct hello channel_hello(enum hello_op op, const unsigned char *key,
			   uintptr_t base);
/* Sends uffd, if it is not -1, only to a peer that may have it. 0 or -EIO. */
int channel_send(int sock, const struct hello *hello, int uffd);
/*
 * Returns 0, the error in the answer, or -EIO if the answer makes no sense.
 * fd: if not NULL, the answer must bring a descriptor, which is stored there.
 */
int channel_receive(int sock, struct answer *answer, int *fd);
/* After channel_send() failed: the reason that the daemon gave, or -EIO. */
int channel_refusal(int sock);

#endif
