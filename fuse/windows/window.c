/* SPDX-License-Identifier: MIT */
/* How a window comes, is changed, and goes. */
#include "windows/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/counters.h"
#include "base/errand.h"
#include "base/log.h"
#include "common/uffd.h"
#include "memory/backing.h"
#include "region/region_life.h"
#include "region/region_protection.h"

static int wake_fd = -1;

void window_set_wake_fd(int eventfd)
{
	wake_fd = eventfd;
	errands_set_wake_fd(eventfd);
}

static void wake(void)
{
	if (wake_fd >= 0 && eventfd_write(wake_fd, 1))
		log_each(LOG_ERR, "cannot wake the attach thread: %s",
			 strerror(errno));
}

void window_get(struct window *w)
{
	atomic_fetch_add(&w->refs, 1);
}

void window_put(struct window *w)
{
	if (atomic_fetch_sub(&w->refs, 1) == 1) {
		region_put(w->region);
		unshared_units_free(&w->own);
		free(w);
	}
}

bool window_can_write(const struct window *w)
{
	return w->prot & PROT_WRITE;
}

/*
 * A window that no change reaches is never opened for lazy mappings: their
 * removal could not close it again. It stays guarded, and its process asks for
 * each lazy page when it touches it (fault_answer.h).
 */
static uint32_t window_modes(const struct window *w)
{
	return (w->uffd >= 0 ? PAGE_OPEN : 0) |
	       (window_can_write(w) ? PAGE_PROTECTED : 0);
}

void window_note_units(struct window *w, const struct protection_steps *steps)
{
	const struct region *region = w->region;

	unshared_units_note(&w->own, region_units(region),
			    backing_unit(region->backing), steps);
}

int window_announce(struct region *region, struct window *w,
		    struct protection_steps *steps)
{
	static _Atomic uint64_t last_id;
	int err = 0;

	*steps = (struct protection_steps){0};
	pthread_mutex_lock(&region->lock);
	/*
	 * Windows of a read-only file need no steps: a touch never allocates a
	 * page there.
	 */
	if (w->kind == WINDOW_SHARED)
		err = region_protection_steps(region, window_modes(w), steps);
	if (!err) {
		w->epoch = region->epoch;
		w->state = WINDOW_COMING;
		w->since = now_ms();
		w->id = ++last_id;
		window_note_units(w, steps);
		TAILQ_INSERT_TAIL(&region->windows, w, entry);
		region->nwindows++;
		counters.windows++;
		counters.attached++;
	}
	pthread_mutex_unlock(&region->lock);
	return err;
}

void window_arrive(struct window *w)
{
	struct region *region = w->region;

	pthread_mutex_lock(&region->lock);
	w->state = WINDOW_HERE;
	w->cut = false;
	pthread_cond_broadcast(&region->moved);
	pthread_mutex_unlock(&region->lock);
}

bool window_leave(struct window *w)
{
	struct region *region = w->region;
	bool idle;

	pthread_mutex_lock(&region->lock);
	if (w->state != WINDOW_LEAVING)
		w->since = now_ms();
	w->state = WINDOW_LEAVING;
	idle = !w->busy;
	w->awaited = !idle;
	pthread_mutex_unlock(&region->lock);
	return idle;
}

/* The last close waits for the process's memory map, so others do it. */
static void close_uffd(struct window *w)
{
	closer_close(w->uffd, w->uid);
	w->uffd = -1;
}

void window_remove(struct window *w)
{
	struct region *region = w->region;
	bool last;

	pthread_mutex_lock(&region->lock);
	TAILQ_REMOVE(&region->windows, w, entry);
	region->nwindows--;
	counters.windows--;
	w->state = WINDOW_GONE;
	if (!w->busy)
		close_uffd(w);
	region_release_if_unused(region);
	last = region->gone && !region->nwindows && region->fd >= 0;
	pthread_cond_broadcast(&region->moved);
	pthread_mutex_unlock(&region->lock);
	if (last)
		region_disown_later(region);
}

void window_take(struct window *w)
{
	w->busy = true;
	window_get(w);
}

void window_release(struct window *w)
{
	w->busy = false;
	if (w->state == WINDOW_GONE)
		close_uffd(w);
	if (w->awaited || w->dead)
		wake();
	w->awaited = false;
	pthread_cond_broadcast(&w->region->moved);
	window_put(w);
}

void window_late(void *window, int err)
{
	struct window *w = window;
	struct region *region = region_get(w->region);

	pthread_mutex_lock(&region->lock);
	w->dead = w->dead || err == -ESRCH;
	window_release(w);
	pthread_mutex_unlock(&region->lock);
	region_put(region);
}

void window_cut(struct window *w)
{
	if (w->cut)
		return;
	w->cut = true;
	wake();
}

bool window_is_cut(struct window *w)
{
	bool cut;

	pthread_mutex_lock(&w->region->lock);
	cut = w->cut;
	pthread_mutex_unlock(&w->region->lock);
	return cut;
}
