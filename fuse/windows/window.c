/* SPDX-License-Identifier: MIT */
/* How a window comes, is changed, and goes. */
#include "windows/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/log.h"
#include "common/uffd.h"
#include "memory/backing.h"
#include "region/region_life.h"
#include "region/region_protection.h"

static int wake_fd = -1;

void window_set_wake_fd(int eventfd)
{
	wake_fd = eventfd;
}

static void wake(void)
{
	if (wake_fd >= 0 && eventfd_write(wake_fd, 1))
		log_msg(LOG_ERR, "cannot wake the attach thread: %s",
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
		err = region_protection_steps(region, window_can_write(w),
					      steps);
	if (!err) {
		w->epoch = region->epoch;
		w->state = WINDOW_COMING;
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
	pthread_cond_broadcast(&region->moved);
	pthread_mutex_unlock(&region->lock);
}

bool window_leave(struct window *w)
{
	struct region *region = w->region;
	bool idle;

	pthread_mutex_lock(&region->lock);
	w->state = WINDOW_LEAVING;
	idle = !w->busy;
	w->awaited = !idle;
	pthread_mutex_unlock(&region->lock);
	return idle;
}

static int take_uffd(struct window *w)
{
	int uffd = w->uffd;

	w->uffd = -1;
	return uffd;
}

/* Called without the lock: close() may wait for the process's mmap lock. */
static void close_uffd(int uffd)
{
	if (uffd >= 0)
		close(uffd);
}

void window_remove(struct window *w)
{
	struct region *region = w->region;
	int uffd = -1;

	pthread_mutex_lock(&region->lock);
	TAILQ_REMOVE(&region->windows, w, entry);
	region->nwindows--;
	counters.windows--;
	w->state = WINDOW_GONE;
	if (!w->busy)
		uffd = take_uffd(w);
	region_release_if_unused(region);
	pthread_cond_broadcast(&region->moved);
	pthread_mutex_unlock(&region->lock);
	close_uffd(uffd);
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
		close_uffd(take_uffd(w));
	if (w->awaited || w->dead)
		wake();
	w->awaited = false;
	pthread_cond_broadcast(&w->region->moved);
	window_put(w);
}

void window_probe(struct window *w)
{
	struct region *region = w->region;
	bool dead;

	pthread_mutex_lock(&region->lock);
	if (w->state != WINDOW_HERE || w->busy || w->uffd < 0) {
		pthread_mutex_unlock(&region->lock);
		return;
	}
	window_take(w);
	pthread_mutex_unlock(&region->lock);
	dead = uffd_is_dead(w->uffd);
	pthread_mutex_lock(&region->lock);
	w->dead = w->dead || dead;
	window_release(w);
	pthread_mutex_unlock(&region->lock);
}
