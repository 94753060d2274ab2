/* SPDX-License-Identifier: MIT */
/*
 * Closes descriptors whose close may take as long as somebody else likes:
 *
 * - The last close of a userfaultfd waits for the memory map of the process
 *   that it belongs to, uninterruptibly, and a process can hold that itself.
 * - A client may send any descriptor instead of a userfaultfd: close() of a
 *   file of FUSE waits for that filesystem's daemon, also uninterruptibly; the
 *   last close of a TCP socket waits as long as SO_LINGER says.
 * - The last close of a socket does the same for descriptors in packets that
 *   nobody has received.
 *
 * A thread that is stuck so keeps its process from ending, even by SIGKILL. So
 * other processes do it, which share the daemon's table of descriptors
 * (CLONE_FILES) and nothing else: what they close is closed for the daemon,
 * too. The first of them, the keeper, starts more when some are stuck, up to
 * the limits in client_limits.h, and ends those whose wait can be interrupted.
 *
 * When the daemon ends, by whatever means, its descriptors stay open until the
 * last process that shares the table ends. The keeper closes them then, first
 * those that others wait for (/dev/fuse), last those on which it may get stuck.
 */
#ifndef CLOSER_H
#define CLOSER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Starts the keeper. Called in the process that serves, before it starts
 * threads. 0 or -errno. Without it, descriptors are closed right away.
 */
int closer_start(void);

/*
 * Closes fd (-1: nothing) for a client of this user. Never waits. The number is
 * free at some later time. False: too many are waiting to be closed, fd stays
 * open.
 */
bool closer_close(int fd, uid_t uid);

/* Whether some close is stuck. Costs next to nothing. */
bool closer_is_stuck(void);
/* Whether descriptors are about to become free, as no close is stuck. */
bool closer_is_at_work(void);
/* How many descriptors of this user are waiting to be closed. */
size_t closer_waiting(uid_t uid);

#endif
