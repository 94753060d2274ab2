/* SPDX-License-Identifier: MIT */
/* The daemon's side: has errands done, and gives up waiting for them. */
#include "base/errand.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errand_internal.h"

/* What one part of the steps may honestly take, in ms. */
#define PART_MS 5

static int wake_fd = -1;

void errands_set_wake_fd(int eventfd)
{
	wake_fd = eventfd;
}

/* Whether this user's windows keep as many processes from work as they may. */
static bool has_its_share(const struct errands *errands, uid_t uid)
{
	const uint64_t now = now_ms();
	unsigned int stuck = 0, of_user = 0;

	for (size_t i = 0; i < ERRANDS; i++) {
		if (!errand_is_stuck(&errands->v[i], now))
			continue;
		stuck++;
		of_user += errands->v[i].targets[0].uid == uid;
	}
	return of_user >= crew_share(stuck);
}

static struct errand *claim(struct errands *errands, uid_t uid)
{
	if (atomic_load(&errands->waiting) && has_its_share(errands, uid))
		return NULL;
	for (size_t i = 0; i < ERRANDS; i++) {
		unsigned int is = ERRAND_FREE;

		if (!atomic_compare_exchange_strong(&errands->v[i].state, &is,
						    ERRAND_CLAIMED))
			continue;
		atomic_fetch_add(&errands->waiting, 1);
		return &errands->v[i];
	}
	return NULL;
}

/* Until the state is another, or until now_ms() == end. */
static void wait_while(struct errand *e, unsigned int state, uint64_t end)
{
	const uint64_t now = now_ms();
	const uint64_t ms = end > now ? end - now : 0;
	const struct timespec left = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	if (ms)
		syscall(SYS_futex, &e->state, FUTEX_WAIT, state, &left, NULL,
			0);
}

/* How much longer than *ms an errand in this state may have taken. */
static uint64_t allowance(unsigned int state)
{
	return (uint64_t)errand_parts(state) * PART_MS;
}

/*
 * Waits for an errand that has been queued. Returns the state that it is in
 * then: DONE, ABANDONED or LEFT.
 */
static unsigned int wait_for(struct errand *e, unsigned int *ms)
{
	const uint64_t start = now_ms();
	unsigned int state = atomic_load(&e->state), excess;
	uint64_t used = 0;

	while (errand_phase(state) != ERRAND_DONE) {
		const unsigned int leave =
			errand_phase(state) == ERRAND_QUEUED
				? ERRAND_ABANDONED
				: errand_turn(state, ERRAND_LEFT);
		const uint64_t allowed = *ms + allowance(state);

		if (used < allowed) {
			wait_while(e, state, start + allowed);
			state = atomic_load(&e->state);
		} else if (atomic_compare_exchange_strong(&e->state, &state,
							  leave)) {
			state = leave;
			break;
		}
		used = now_ms() - start;
	}
	excess = used > allowance(state)
			 ? (unsigned int)(used - allowance(state))
			 : 0;
	*ms -= excess < *ms ? excess : *ms;
	return state;
}

static bool is_over(const struct errand_target *t)
{
	return t->result == -ESRCH || t->result == -EBUSY ||
	       t->result == -EINPROGRESS;
}

/* Those targets for which steps are left, and the results so far. */
static void fill_in(struct errand *e, const struct errand_target *targets,
		    size_t n)
{
	e->wake_fd = wake_fd;
	e->ntargets = 0;
	for (size_t i = 0; i < n; i++) {
		if (is_over(&targets[i]))
			continue;
		e->targets[e->ntargets] = targets[i];
		e->targets[e->ntargets++].result = -EBUSY;
	}
}

/* The result of earlier steps and of later ones */
static int joined(int earlier, int later)
{
	if (!later || (earlier == -ENOMEM && later != -ESRCH &&
		       later != -EBUSY && later != -EINPROGRESS))
		return earlier;
	return later;
}

/* From the errand, which has been left in that state */
static void take_results(struct errand *e, unsigned int state,
			 struct errand_target *targets, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		int result;

		if (is_over(&targets[i]))
			continue;
		result = e->targets[at].result;
		if (errand_phase(state) == ERRAND_ABANDONED)
			result = -EBUSY;
		else if (errand_phase(state) == ERRAND_LEFT)
			result = at < errand_target(state)    ? result
				 : at == errand_target(state) ? -EINPROGRESS
							      : -EBUSY;
		targets[i].result = joined(targets[i].result, result);
		at++;
	}
}

/* True: no target of that errand is in anybody's hands any more. */
static bool run_one(struct errands *errands, struct errand *e,
		    struct errand_target *targets, size_t n, unsigned int *ms)
{
	const unsigned int at = (unsigned int)(e - errands->v);
	unsigned int state;

	fill_in(e, targets, n);
	if (!e->ntargets)
		return true;
	atomic_store(&e->state, ERRAND_QUEUED);
	if (!crew_give(&errands->runners, at)) {
		take_results(e, ERRAND_ABANDONED, targets, n);
		return true;
	}
	if (errands_lack_runner(errands))
		errands_need_runner();
	state = wait_for(e, ms);
	take_results(e, state, targets, n);
	return errand_phase(state) == ERRAND_DONE;
}

static bool nothing_stops(void *arg)
{
	(void)arg;
	return true;
}

void errand_run_here(struct errand_target *targets, size_t n,
		     const struct uffd_op *steps, size_t nsteps)
{
	for (size_t i = 0; i < n; i++)
		targets[i].result =
			uffd_steps(targets[i].uffd, targets[i].base, steps,
				   nsteps, nothing_stops, NULL);
}

void errand_run(struct errand_target *targets, size_t n,
		const struct uffd_op *steps, size_t nsteps, unsigned int *ms)
{
	struct errands *errands = errands_shared();

	for (size_t i = 0; i < n; i++)
		targets[i].result = 0;
	if (!errands || !errands_are_kept()) {
		errand_run_here(targets, n, steps, nsteps);
		return;
	}
	while (nsteps) {
		const size_t part =
			nsteps < ERRAND_STEPS ? nsteps : ERRAND_STEPS;
		struct errand *e = claim(errands, targets[0].uid);

		if (!e) {
			for (size_t i = 0; i < n; i++)
				targets[i].result =
					joined(targets[i].result, -EBUSY);
			return;
		}
		e->nsteps = part;
		memcpy(e->steps, steps, part * sizeof(*steps));
		if (run_one(errands, e, targets, n, ms))
			errand_give_back(errands, e);
		steps += part;
		nsteps -= part;
	}
}

void errands_reap(void (*late)(void *window, int err))
{
	struct errands *errands = errands_shared();

	if (!errands || !atomic_load(&errands->waiting))
		return;
	for (size_t i = 0; i < ERRANDS; i++) {
		struct errand *e = &errands->v[i];
		const unsigned int state = atomic_load(&e->state);
		struct errand_target target;

		if (errand_phase(state) != ERRAND_LATE)
			continue;
		target = e->targets[errand_target(state)];
		errand_give_back(errands, e);
		late(target.window, target.result);
	}
}
