/* SPDX-License-Identifier: MIT */
/* The side of the processes that do the errands. */
#include "base/errand_internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

bool errand_is_stuck(const struct errand *e, uint64_t now)
{
	const unsigned int phase = errand_phase(atomic_load(&e->state));

	return (phase == ERRAND_RUNNING || phase == ERRAND_LEFT) &&
	       atomic_load(&e->since) + CLOSING_MS <= now;
}

/* A runner, at work on a target */
struct run {
	struct errand *errand;
	unsigned int target;
	unsigned int state; /* that it has set */
};

/* False: the daemon does not wait for this errand any more. */
static bool begin_part(void *arg)
{
	struct run *run = arg;
	struct errand *e = run->errand;
	const unsigned int next = errand_next(run->state, run->target);

	atomic_store(&e->since, now_ms());
	if (!atomic_compare_exchange_strong(&e->state, &run->state, next))
		return false;
	run->state = next;
	return true;
}

/* The daemon waits for the end, or is told that it can have the window back. */
static void end(struct errand *e, unsigned int state)
{
	const uint64_t one = 1;

	if (errand_phase(state) == ERRAND_RUNNING &&
	    atomic_compare_exchange_strong(&e->state, &state,
					   errand_turn(state, ERRAND_DONE))) {
		syscall(SYS_futex, &e->state, FUTEX_WAKE, 1, NULL, NULL, 0);
		return;
	}
	atomic_store(&e->state, errand_turn(state, ERRAND_LATE));
	if (write(e->wake_fd, &one, sizeof(one)) < 0)
		return; /* the daemon ends */
}

static void run_targets(struct run *run)
{
	struct errand *e = run->errand;

	for (; run->target < e->ntargets; run->target++) {
		struct errand_target *t = &e->targets[run->target];
		int err = uffd_steps(t->uffd, t->base, e->steps, e->nsteps,
				     begin_part, run);

		t->result = err;
		if (err == -ECANCELED)
			break;
	}
	end(e, run->state);
}

void errands_run(void *arg, unsigned int at)
{
	struct errands *errands = arg;
	struct run run = {.errand = &errands->v[at], .state = ERRAND_QUEUED};

	run.errand->runner = getpid();
	if (begin_part(&run))
		run_targets(&run);
	else
		errand_give_back(errands, run.errand); /* it was ABANDONED */
}

void errands_runner_died(struct errands *errands, pid_t runner)
{
	for (size_t i = 0; i < ERRANDS; i++) {
		struct errand *e = &errands->v[i];
		unsigned int state = atomic_load(&e->state);
		const unsigned int phase = errand_phase(state);

		if (e->runner != runner ||
		    (phase != ERRAND_RUNNING && phase != ERRAND_LEFT))
			continue;
		e->targets[errand_target(state)].result = -EIO;
		end(e, state);
	}
}
