/* SPDX-License-Identifier: MIT */
/* What errand.c, in the daemon, and errand_runner.c, in its processes, share.
 */
#ifndef ERRAND_INTERNAL_H
#define ERRAND_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/crew.h"
#include "base/errand_target.h"

enum errand_phase {
	ERRAND_FREE,
	ERRAND_CLAIMED,	  /* being filled in */
	ERRAND_QUEUED,	  /* its index is in the pipe */
	ERRAND_RUNNING,	  /* a process does it, and the daemon waits */
	ERRAND_DONE,	  /* the results are there */
	ERRAND_ABANDONED, /* QUEUED, but nobody is to do it any more */
	ERRAND_LEFT,	  /* RUNNING, but the daemon does not wait any more */
	ERRAND_LATE,	  /* it was LEFT, and its target has been done */
};

/*
 * The state is a futex: the phase, and while RUNNING or LEFT which target it
 * works on and how many parts of steps it has begun. So a process that is stuck
 * is told from one that has much to do.
 */
#define PHASE_BITS 3
#define TARGET_BITS 5 /* ERRAND_TARGETS */

static inline unsigned int errand_phase(unsigned int state)
{
	return state & ((1 << PHASE_BITS) - 1);
}

static inline unsigned int errand_target(unsigned int state)
{
	return state >> PHASE_BITS & ((1 << TARGET_BITS) - 1);
}

static inline unsigned int errand_parts(unsigned int state)
{
	return state >> (PHASE_BITS + TARGET_BITS);
}

/* The same, in another phase. */
static inline unsigned int errand_turn(unsigned int state,
				       enum errand_phase phase)
{
	return state - errand_phase(state) + phase;
}

/* The state when the next part begins, on that target. */
static inline unsigned int errand_next(unsigned int state, unsigned int target)
{
	return (errand_parts(state) + 1) << (PHASE_BITS + TARGET_BITS) |
	       target << PHASE_BITS | ERRAND_RUNNING;
}

/* Steps on the windows of several processes, one after the other. */
struct errand {
	atomic_uint state;
	pid_t runner;		/* with RUNNING and LEFT */
	_Atomic uint64_t since; /* the same: when the part began; now_ms() */
	int wake_fd;		/* written to when it is LATE */
	size_t ntargets;
	size_t nsteps;
	struct errand_target targets[ERRAND_TARGETS];
	struct uffd_op steps[ERRAND_STEPS];
};

struct errands {
	struct crew runners;
	atomic_uint waiting; /* that are not FREE */
	struct errand v[ERRANDS];
};

/* Whether a process has been in one part of it for long. */
bool errand_is_stuck(const struct errand *errand, uint64_t now);

/* Frees the slot of an errand that nobody works on any more. */
static inline void errand_give_back(struct errands *errands,
				    struct errand *errand)
{
	atomic_fetch_sub(&errands->waiting, 1);
	atomic_store(&errand->state, ERRAND_FREE);
}

/* Whether all runners have work, and more of it waits. */
static inline bool errands_lack_runner(const struct errands *errands)
{
	return atomic_load(&errands->waiting) >
	       atomic_load(&errands->runners.n);
}

/* For the daemon: */

/* NULL if it has no such processes. They may have been killed. */
struct errands *errands_shared(void);
/* Whether they are still there. */
bool errands_are_kept(void);
/* Has the keeper look at once. */
void errands_need_runner(void);

/* For the runners, and for the keeper: */

/* Does the errand of that index. */
crew_work errands_run;
/* The runner has been killed. */
void errands_runner_died(struct errands *errands, pid_t runner);

#endif
