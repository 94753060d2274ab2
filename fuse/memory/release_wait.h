/* SPDX-License-Identifier: MIT */
/*
 * Waits for memory that somebody is giving back. close() and exit() return
 * before the daemon has heard of them, so memory that is free for its user may
 * still be counted for a moment.
 */
#ifndef RELEASE_WAIT_H
#define RELEASE_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct backing;

struct release_wait {
	uint64_t bytes;	  /* wanted */
	unsigned int own; /* 1: the asking region counts in backing->leaving */
	const atomic_bool *stop; /* ends the wait; or NULL */

	/* Private: 0 at first. Monotonic, in ms: */
	uint64_t began;
	uint64_t changed; /* when more was free than before */
	uint64_t free;
	bool waited;
};

/*
 * Called after each attempt that failed with -ENOMEM. True, after a while: try
 * again. False: nothing is going to come, as the request exceeds a limit, or
 * the time is up.
 */
bool release_wait(struct release_wait *wait, struct backing *backing);
/* What the request fails with then: -ENOMEM, or -EINTR if *stop cut it short.
 */
int release_wait_error(const struct release_wait *wait);

#endif
