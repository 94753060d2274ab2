/* SPDX-License-Identifier: MIT */
/* What one user may take of what all clients of the daemon share. */
#ifndef CLIENT_LIMITS_H
#define CLIENT_LIMITS_H

#include <stdint.h>

/*
 * Connections to the attach socket that have not said anything yet, at a time,
 * by the daemon's limit of descriptors (window_limit.h keeps some for them). An
 * honest client speaks at once. Beyond its limit a user's new connection is
 * hung up on if it is silent when it is accepted; beyond that of all users, the
 * oldest one is.
 */
#define SILENT_SESSIONS_MAX 2048 /* of all users */

static inline uint64_t silent_sessions(uint64_t fds)
{
	uint64_t n = fds / 8;

	return n > SILENT_SESSIONS_MAX ? SILENT_SESSIONS_MAX : n;
}

static inline uint64_t silent_sessions_per_user(uint64_t fds)
{
	return silent_sessions(fds) / 2;
}

/* How long the daemon waits for the next message of a client, in ms. */
#define SESSION_MS 5000

/* Descriptors that are being closed (closer.h), at a time. */
#define CLOSING_PER_USER 1024
#define CLOSING 4096 /* for all users */

/* Processes that do one kind of work (crew.h), at a time; at least one. */
#define CREW 64 /* for all users */
#define CREW_PER_USER 8

/*
 * How many of them one user may keep from their work, when so many are kept
 * from it: a few users together cannot have all of them.
 */
static inline unsigned int crew_share(unsigned int kept)
{
	const unsigned int part = kept < CREW ? (CREW - kept) / 4 : 0;

	return part > CREW_PER_USER ? CREW_PER_USER : part ? part : 1;
}

/* A close that takes longer than this, in ms, counts as stuck. */
#define CLOSING_MS 100

/*
 * Lists of steps on windows (errand.h), at a time, with the windows and the
 * steps in each. A user who has his crew_share() of processes at a standstill
 * has no more errands begun for his windows.
 */
#define ERRANDS CREW /* for all users */
#define ERRAND_TARGETS 32
#define ERRAND_STEPS 128

/*
 * A user of whom so many descriptors are waiting to be closed may not send any
 * more until they are.
 */
#define CLOSING_TOO_MANY 64

#endif
