/* SPDX-License-Identifier: MIT */
/* The library's end of a conversation with the daemon (common/protocol.h). */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/protocol.h"

/* All of these are async-signal-safe, and restart after EINTR. */

/* Connects to the daemon's socket of that name: a descriptor, or -errno. */
int channel_connect(const char *name);

/*
 * Whether channel_connect(), which returned sock or an error, shows that the
 * daemon has ended. If this process has left the network namespace in which the
 * window was made (netns), it shows nothing.
 */
bool channel_has_no_peer(int sock, uint64_t netns);
/* A number of the network namespace of a socket; 0: unknown. */
uint64_t channel_netns(int sock);
/* Whether channel_send() would send a userfaultfd. */
bool channel_may_have_uffd(int sock);

struct hello channel_hello(enum hello_op op, const unsigned char *key,
			   uintptr_t base);
/* Sends uffd, if it is not -1, only to a peer that may have it. 0 or -EIO. */
int channel_send(int sock, const struct hello *hello, int uffd);
/*
 * Returns 0, the error in the answer, -EAGAIN if there is none in time, or -EIO
 * if it makes no sense or the daemon hung up.
 * fd: if not NULL, the answer must bring a descriptor, which is stored there.
 */
int channel_receive(int sock, struct answer *answer, int *fd);
/* How often a conversation has failed so far; 0 at first. */
struct channel_tries {
	int hung_up;
	int turned_away;
};

/*
 * Whether the client is to connect again after a conversation that failed with
 * err: the daemon hung up (-EIO), as it does on a process that was stopped for
 * seconds half-way; or it turned the client away, and then this waits a moment.
 * False: another error, or it has failed often enough.
 */
bool channel_try_again(int err, struct channel_tries *tries);
/* After channel_send() failed: the reason that the daemon gave, or -EIO. */
int channel_refusal(int sock);
/* Sends a hello without a descriptor, and receives such an answer. */
int channel_ask(int sock, const struct hello *hello, struct answer *answer);

#endif
