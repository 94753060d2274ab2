/* SPDX-License-Identifier: MIT */
/* Applies a change to one window after the other. */
#include "windows/window_sync.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "mapping/protection_steps.h"
#include "memory/backing.h"
#include "region/host_window.h"
#include "windows/window.h"
#include "windows/window_batch.h"

/*
 * How long a change waits for processes that make or end a window, all in all;
 * and how long each of them gets at least, even if others have used that up.
 */
#define PATIENCE_MS 1000
#define GRACE_MS 100

/* Whether the daemon can change the window from outside. */
static bool is_in_reach(const struct window *w)
{
	return w->kind == WINDOW_SHARED && w->uffd >= 0 && w->guarded &&
	       !w->dead;
}

/* A guarded window out of reach was never open: see window_modes(). */
static bool concern_out_of_reach(const struct window *w,
				 const struct protection_steps *steps)
{
	for (size_t i = 0; i < steps->n; i++)
		if (!w->guarded || steps->v[i].action == UFFD_PROTECT ||
		    steps->v[i].action == UFFD_UNPROTECT)
			return true;
	return false;
}

/* This change does not have to look at the window again. */
static void tick_off(struct region *region, struct window *w)
{
	w->epoch = region->epoch;
	TAILQ_REMOVE(&region->windows, w, entry);
	TAILQ_INSERT_TAIL(&region->windows, w, entry);
}

/* This change has to look at the window once more. */
static void untick(struct region *region, struct window *w)
{
	w->epoch = region->epoch - 1;
	TAILQ_REMOVE(&region->windows, w, entry);
	TAILQ_INSERT_HEAD(&region->windows, w, entry);
}

/* Whether this change may deal with the first window now. */
static bool is_ready(const struct region *region, const struct window *w)
{
	return w && w->epoch != region->epoch && w->state == WINDOW_HERE &&
	       !w->busy;
}

/*
 * Takes windows from the head of the list that need the same steps. Returns
 * those; what needs none, or cannot be reached, is ticked off.
 */
static const struct protection_steps *
take_some(struct region *region, const struct protection_steps *writers,
	  const struct protection_steps *readers, struct window_batch *batch)
{
	const struct protection_steps *steps = NULL, *its;
	struct window *w;

	while ((w = TAILQ_FIRST(&region->windows)) && is_ready(region, w)) {
		its = window_can_write(w) ? writers : readers;
		if (batch->n &&
		    (its != steps || !window_batch_has_room(batch, w)))
			break;
		tick_off(region, w);
		if (its->n && is_in_reach(w)) {
			window_note_units(w, its);
			window_batch_add(batch, w);
			steps = its;
		} else if (its->n) {
			/* Private and dead windows miss nothing. */
			w->missed = w->missed ||
				    (w->kind == WINDOW_SHARED && !w->dead &&
				     concern_out_of_reach(w, its));
		}
	}
	return steps;
}

/* How long this change still waits for processes that are slow, in ms. */
static unsigned int ms_left(const struct region *region)
{
	const uint64_t used = region->waited;

	if (used + GRACE_MS < PATIENCE_MS)
		return PATIENCE_MS - (unsigned int)used;
	return used < 2 * PATIENCE_MS ? GRACE_MS : 0;
}

static void report(const struct region *region, const struct window *w, int err)
{
	if (err == -EINPROGRESS)
		log_each(LOG_NOTICE,
			 "region %" PRIu64 ": pid %d holds its memory map, so "
			 "that a change cannot reach its window: the change is "
			 "refused",
			 region->id, w->pid);
	else if (err == -EBUSY)
		log_each(LOG_NOTICE,
			 "region %" PRIu64 ": processes of user %u hold their "
			 "memory maps, so that a change cannot reach the "
			 "window of pid %d: the change is refused",
			 region->id, w->uid, w->pid);
	else
		log_each(LOG_WARNING,
			 "region %" PRIu64
			 ": cannot change the window of pid %d: %s",
			 region->id, w->pid, strerror(-err));
}

/*
 * What became of the i-th window. undoable: the caller undoes the change if
 * this fails. 0, -ENOMEM or -EBUSY.
 */
static int end_one(struct region *region, struct window_batch *batch, size_t i,
		   bool undoable)
{
	struct window *w = window_batch_at(batch, i);
	const int err = batch->v[i].result;
	int ret = 0;

	if (err && err != -ESRCH)
		report(region, w, err);
	if (err == -EBUSY || err == -EINPROGRESS)
		ret = -EBUSY;
	else if (err == -ENOMEM)
		ret = err;
	/* Other errors: its process has unmapped a part. */
	w->missed = w->missed || (err && err != -ESRCH && !(ret && undoable));
	window_batch_end(batch, i);
	return ret;
}

static bool any_in_progress(const struct window_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		if (batch->v[i].result == -EINPROGRESS)
			return true;
	return false;
}

/*
 * Applies the steps to some of the windows. Called under lock, which it drops.
 * With all, what one process prevented for others is tried again. 0, -ENOMEM or
 * -EBUSY.
 */
static int change_some(struct region *region,
		       const struct protection_steps *writers,
		       const struct protection_steps *readers, bool all)
{
	struct window_batch batch = {0};
	const struct protection_steps *steps =
		take_some(region, writers, readers, &batch);
	const unsigned int ms = ms_left(region);
	unsigned int left = ms;
	bool again;
	int ret = 0;

	if (!batch.n)
		return 0;
	pthread_mutex_unlock(&region->lock);
	window_batch_run(&batch, steps->v, steps->n, &left);
	pthread_mutex_lock(&region->lock);
	region->waited += ms - left;
	again = all && any_in_progress(&batch);
	for (size_t i = 0; i < batch.n; i++) {
		int err = 0;

		if (again && batch.v[i].result == -EBUSY) {
			untick(region, window_batch_at(&batch, i));
			window_batch_end(&batch, i);
		} else {
			err = end_one(region, &batch, i, !all);
		}
		ret = ret ? ret : err;
	}
	return ret;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Until when this change waits for the window: now_ms(). */
static uint64_t patience_ends(const struct region *region,
			      const struct window *w, uint64_t now)
{
	uint64_t used = region->waited, left = 0;

	if (used < PATIENCE_MS)
		left = now + PATIENCE_MS - used;
	return larger(left, w->since + GRACE_MS);
}

/* Waits until some window has moved. False: it took too long. */
static bool wait_until(struct region *region, uint64_t until, uint64_t now)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000,
	};
	bool moved = until > now && !pthread_cond_timedwait(&region->moved,
							    &region->lock, &ts);

	region->waited += now_ms() - now;
	return moved;
}

/*
 * The process has had its time. If the daemon hangs up on it, it knows that it
 * has no window, or has one by then. 0: goes on with this window; -EBUSY: it
 * cannot be changed, as a thread is stuck on it.
 */
static int lose_patience(struct region *region, struct window *w)
{
	log_each(LOG_NOTICE,
		 "region %" PRIu64 ": pid %d takes too long to %s its window, "
		 "and a change waits for that: %s",
		 region->id, w->pid,
		 w->state == WINDOW_COMING    ? "make"
		 : w->state == WINDOW_LEAVING ? "end"
					      : "let go of",
		 w->state == WINDOW_HERE ? "the change is refused"
					 : "hanging up");
	if (w->state == WINDOW_HERE || w->cut)
		return -EBUSY;
	window_cut(w);
	/* The attach thread waits for nobody. */
	wait_until(region, now_ms() + PATIENCE_MS, now_ms());
	return 0;
}

/*
 * Waits for a window that is coming, leaving or busy. Called under lock. 0 or
 * -EBUSY.
 */
static int wait_for(struct region *region, struct window *w)
{
	uint64_t now = now_ms();

	if (!wait_until(region, patience_ends(region, w, now), now) &&
	    w == TAILQ_FIRST(&region->windows) &&
	    (w->state != WINDOW_HERE || w->busy))
		return lose_patience(region, w);
	return 0;
}

/* The change does not reach the window, which the status shows. */
static void pass_over(struct region *region, struct window *w)
{
	w->missed = true;
	tick_off(region, w);
}

/*
 * Applies the steps to all windows: writers to those that can be written,
 * readers to the others. 0, -ENOMEM, or -EBUSY if a window cannot be changed;
 * with all it goes on after a failure, else it stops.
 */
static int run_everywhere(struct region *region,
			  const struct protection_steps *writers,
			  const struct protection_steps *readers, bool all)
{
	struct window *w;
	int ret = 0;

	if (!writers->n && !readers->n)
		return 0;
	pthread_mutex_lock(&region->lock);
	region->epoch++;
	host_window_apply(region, readers);
	while ((all || !ret) && (w = TAILQ_FIRST(&region->windows)) &&
	       w->epoch != region->epoch) {
		int err;

		if (w->state != WINDOW_HERE || w->busy) {
			err = wait_for(region, w);
			if (err && all)
				pass_over(region, w);
		} else {
			err = change_some(region, writers, readers, all);
		}
		ret = ret ? ret : err;
	}
	pthread_mutex_unlock(&region->lock);
	return ret;
}

static bool has_windows(struct region *region)
{
	bool any;

	pthread_mutex_lock(&region->lock);
	any = region->nwindows || !SLIST_EMPTY(&region->host_windows);
	pthread_mutex_unlock(&region->lock);
	return any;
}

/* As run_everywhere(). */
static int apply(struct region *region, const struct window_steps *steps,
		 bool all)
{
	return has_windows(region) ? run_everywhere(region, &steps->writers,
						    &steps->readers, all)
				   : 0;
}

/* Plans how all windows get from one protection to another. */
static int plan_steps(const struct region *region,
		      const struct protection *from,
		      const struct protection *to, struct window_steps *steps)
{
	const uint64_t unit = backing_unit(region->backing);
	int err = protection_steps_plan(
		from, to, unit, PAGE_OPEN | PAGE_PROTECTED, &steps->writers);

	return err ? err
		   : protection_steps_plan(from, to, unit, PAGE_OPEN,
					   &steps->readers);
}

/* All of it now, so that nothing can fail once the mappings have changed. */
static int plan_all_steps(const struct region *region,
			  const struct window_sync_hints *hints,
			  struct window_sync *sync)
{
	int err = plan_steps(region, &sync->before, &sync->during,
			     &sync->tighten);

	if (!err)
		err = plan_steps(region, &sync->during, &sync->before,
				 &sync->undo);
	if (!err)
		err = plan_steps(region, &sync->during, &sync->after,
				 &sync->relax);
	if (!err && hints->freed)
		err = protection_steps_protect(&sync->during, hints->freed,
					       &sync->again.writers);
	return err;
}

/* From now on new windows get this protection on these pages. */
static int set_tight(struct region *region, const struct protection *pages)
{
	const struct protection none = {0};
	struct protection copy;
	int err = protection_overlay(&none, pages, &copy);

	if (err)
		return err;
	pthread_mutex_lock(&region->lock);
	region->tight = copy;
	pthread_mutex_unlock(&region->lock);
	return 0;
}

int window_sync_plan(struct region *region, const struct extent *pages,
		     struct mapping_tree *maps_after,
		     const struct window_sync_hints *hints,
		     struct window_sync *sync)
{
	const uint64_t page = region->backing->page;
	const uint64_t unit = backing_unit(region->backing);
	const struct extent units =
		extent_rounded(pages->start, pages->end, unit);
	struct protection settled = {0}, tight = {0};
	int err;

	*sync = (struct window_sync){0};
	if (hints->special) {
		pthread_mutex_lock(&region->lock);
		region->special = true;
		pthread_mutex_unlock(&region->lock);
	}
	if (!region->special)
		return 0;
	err = protection_read(maps_after, page, pages->start, pages->end,
			      &settled);
	if (!err)
		err = protection_read(&region->maps, page, units.start,
				      units.end, &sync->before);
	if (!err)
		err = protection_overlay(&sync->before, &settled, &sync->after);
	if (!err)
		err = protection_tighten(&sync->before, &sync->after, &tight);
	if (!err)
		err = protection_close(&tight, hints->back, hints->freed,
				       &sync->during);
	if (!err)
		err = protection_part(&sync->during, pages->start, pages->end,
				      &sync->during_pages);
	if (!err)
		err = plan_all_steps(region, hints, sync);
	protection_free(&settled);
	protection_free(&tight);
	if (err)
		window_sync_free(sync);
	return err;
}

int window_sync_tighten(struct region *region, const struct window_sync *sync)
{
	int err;

	if (!sync->before.n)
		return 0;
	err = set_tight(region, &sync->during_pages);
	if (err)
		return err;
	err = apply(region, &sync->tighten, false);
	if (err)
		window_sync_undo(region, sync);
	return err;
}

void window_sync_undo(struct region *region, const struct window_sync *sync)
{
	if (!sync->before.n)
		return;
	pthread_mutex_lock(&region->lock);
	protection_free(&region->tight);
	pthread_mutex_unlock(&region->lock);
	if (apply(region, &sync->undo, true))
		log_each(LOG_ERR,
			 "region %" PRIu64 ": a change of mappings failed and "
			 "could not be undone in every window",
			 region->id);
}

void window_sync_changed(struct region *region)
{
	region->changes++;
	counters.changes++;
	atomic_store(&region->mapped, region->maps.bytes);
	protection_free(&region->tight);
}

/*
 * If a process reads a page while it is being freed, the kernel unmaps the page
 * twice, and drops its protection the second time.
 */
int window_sync_freed(struct region *region, const struct window_sync *sync)
{
	int err = apply(region, &sync->again, true);

	if (err)
		log_each(LOG_ERR,
			 "region %" PRIu64 ": cannot protect freed memory in "
			 "every window: %s",
			 region->id, strerror(-err));
	return err;
}

int window_sync_relax(struct region *region, const struct window_sync *sync)
{
	/* Taking protection off needs memory only to split a mapping. */
	int err = apply(region, &sync->relax, true);

	if (err)
		log_each(LOG_WARNING,
			 "region %" PRIu64 ": cannot relax every window: some "
			 "may refuse accesses that are allowed",
			 region->id);
	return err;
}

static void free_steps(struct window_steps *steps)
{
	protection_steps_free(&steps->writers);
	protection_steps_free(&steps->readers);
}

void window_sync_free(struct window_sync *sync)
{
	free_steps(&sync->tighten);
	free_steps(&sync->undo);
	free_steps(&sync->relax);
	free_steps(&sync->again);
	protection_free(&sync->before);
	protection_free(&sync->during);
	protection_free(&sync->after);
	protection_free(&sync->during_pages);
}
