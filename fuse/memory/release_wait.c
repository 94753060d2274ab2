/* SPDX-License-Identifier: MIT */
/* Looks every few milliseconds whether more is free than before. */
#include "memory/release_wait.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory/backing.h"

/* The longest wait, while regions are about to go. */
#define RELEASE_MS 250
/*
 * The longest wait without a sign of anything being given back: what close()
 * and exit() have sent is on its way to a thread of the daemon.
 */
#define QUIET_MS 50
#define STEP_MS 2
/*
 * Each wait occupies a thread that serves requests (MAX_THREADS in main.c).
 * Most of them must stay free for others.
 */
#define MAX_WAITS 16

static bool may_come(struct release_wait *w, const struct backing *b)
{
	const uint64_t now = now_ms();
	struct hugepage_pool pool;

	backing_pool(b, &pool);
	if (w->bytes > pool.total)
		return false;
	if (!w->began || pool.free > w->free)
		w->changed = now;
	if (!w->began)
		w->began = now;
	w->free = pool.free;
	if (w->stop && atomic_load(w->stop))
		return false;
	return now - w->began < RELEASE_MS &&
	       (now - w->changed < QUIET_MS ||
		atomic_load(&b->leaving) > w->own);
}

bool release_wait(struct release_wait *w, struct backing *b)
{
	bool may;

	if (!may_come(w, b))
		return false;
	may = atomic_fetch_add(&b->waits, 1) < MAX_WAITS;
	if (may)
		usleep(STEP_MS * 1000);
	w->waited = w->waited || may;
	atomic_fetch_sub(&b->waits, 1);
	return may;
}

int release_wait_error(const struct release_wait *w)
{
	return w->waited && w->stop && atomic_load(w->stop) ? -EINTR : -ENOMEM;
}
