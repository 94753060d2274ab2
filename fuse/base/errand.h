/* SPDX-License-Identifier: MIT */
/*
 * Steps on userfaultfds of processes that may hold their own memory map: then
 * each of them waits, uninterruptibly, for as long as that process likes. So
 * processes of the keeper's (closer.h) do them, and the daemon waits for those,
 * but no longer than it wants to.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include <stddef.h>

#include "base/client_limits.h"
#include "base/errand_target.h"

/*
 * Does the steps on n targets, of one user, one after the other, and sets their
 * results. Waits at most *ms beyond the time that so many steps may take, and
 * subtracts what it waited. When *ms is used up, it leaves the current target
 * in progress and does not begin the ones after it.
 */
void errand_run(struct errand_target *targets, size_t n,
		const struct uffd_op *steps, size_t nsteps, unsigned int *ms);

/* The same in this thread, for processes that may delay the daemon. */
void errand_run_here(struct errand_target *targets, size_t n,
		     const struct uffd_op *steps, size_t nsteps);

/* An eventfd that is written to when a target is done late; -1: none. */
void errands_set_wake_fd(int eventfd);
/* Calls late() for each window that was in progress, and is not any more. */
void errands_reap(void (*late)(void *window, int err));

#endif
