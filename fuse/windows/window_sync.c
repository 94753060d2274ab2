/* SPDX-License-Identifier: MIT */
#include "windows/window_sync.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/backing.h"
#include "change/mapping_change.h"
#include "base/counters.h"
#include "region/host_window.h"
#include "base/log.h"
#include "windows/window_registry.h"

static int wake_fd = -1;

void control_init(int eventfd)
{
	wake_fd = eventfd;
}

static void wake(void)
{
	if (wake_fd >= 0 && eventfd_write(wake_fd, 1))
		log_msg(LOG_ERR, "waking the attach thread: %s",
			strerror(errno));
}

/* What windows have to be in [start, end), a change under way included. */
static int current_modes(struct region *region, uint64_t start, uint64_t end,
			 struct modes *out)
{
	struct modes settled;
	int err = modes_read(&region->maps, region->backing->page, start, end,
			     &settled);

	if (err || !region->tight.n) {
		*out = settled;
		return err;
	}
	err = modes_overlay(&settled, &region->tight, out);
	modes_free(&settled);
	return err;
}

static bool can_write(const struct window *w)
{
	return w->prot & PROT_WRITE;
}

int control_steps(struct region *region, bool can_write, struct steps *steps)
{
	struct modes plain = {0}, now = {0};
	int err;

	*steps = (struct steps){0};
	if (!region->special)
		return 0;
	err = modes_plain(0, region->size, &plain);
	if (!err)
		err = current_modes(region, 0, region->size, &now);
	if (!err)
		err = steps_plan(&plain, &now, backing_unit(region->backing),
				 can_write, steps);
	modes_free(&plain);
	modes_free(&now);
	return err;
}

/* As is done to it, or will be. */
static void note_units(struct region *region, struct window *w,
		       const struct steps *steps)
{
	units_note(&w->own, region_units(region), backing_unit(region->backing),
		   steps);
}

int control_add(struct region *region, struct window *w, struct steps *steps)
{
	static _Atomic uint64_t last_id;
	int err = 0;

	*steps = (struct steps){0};
	pthread_mutex_lock(&region->lock);
	/* Those that have the file read-only see no page come by a touch. */
	if (w->kind == WINDOW_SHARED)
		err = control_steps(region, can_write(w), steps);
	if (!err) {
		w->epoch = region->epoch;
		w->state = WINDOW_COMING;
		w->id = ++last_id;
		note_units(region, w, steps);
		TAILQ_INSERT_TAIL(&region->windows, w, entry);
		region->nwindows++;
		counts.windows++;
		counts.attached++;
	}
	pthread_mutex_unlock(&region->lock);
	return err;
}

void control_here(struct window *w)
{
	struct region *region = w->region;

	pthread_mutex_lock(&region->lock);
	w->state = WINDOW_HERE;
	pthread_cond_broadcast(&region->moved);
	pthread_mutex_unlock(&region->lock);
}

bool control_leave(struct window *w)
{
	struct region *region = w->region;
	bool free;

	pthread_mutex_lock(&region->lock);
	w->state = WINDOW_LEAVING;
	free = !w->busy;
	w->awaited = !free;
	pthread_mutex_unlock(&region->lock);
	return free;
}

static int take_uffd(struct window *w)
{
	int uffd = w->uffd;

	w->uffd = -1;
	return uffd;
}

/* Without the lock: it waits for the process's memory to be free. */
static void close_uffd(int uffd)
{
	if (uffd >= 0)
		close(uffd);
}

void control_remove(struct window *w)
{
	struct region *region = w->region;
	int uffd = -1;

	pthread_mutex_lock(&region->lock);
	TAILQ_REMOVE(&region->windows, w, entry);
	region->nwindows--;
	counts.windows--;
	w->state = WINDOW_GONE;
	if (!w->busy)
		uffd = take_uffd(w);
	region_release_if_unused(region);
	pthread_cond_broadcast(&region->moved);
	pthread_mutex_unlock(&region->lock);
	close_uffd(uffd);
}

/*
 * A window is only touched by who has made it busy; meanwhile the region is not
 * locked, because the process that has it may keep us waiting.
 */
static void take(struct window *w)
{
	w->busy = true;
	window_get(w);
}

/* Called under the lock; afterwards the window may not exist any more. */
static void release(struct window *w)
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

static bool is_in_reach(const struct window *w)
{
	return w->kind == WINDOW_SHARED && w->uffd >= 0 && w->guarded &&
	       !w->dead;
}

/* Of several failures the one that matters: no memory. */
static int run_steps(const struct window *w, const struct steps *steps)
{
	int ret = 0;

	for (size_t i = 0; i < steps->n; i++) {
		int err = uffd_do(w->uffd, w->base, &steps->v[i]);

		if (err == -ESRCH)
			return err;
		/* A failure half-way is undone everywhere. */
		if (err == -ENOENT && steps->v[i].action == UFFD_UNPROTECT)
			continue;
		if (err && ret != -ENOMEM)
			ret = err;
	}
	return ret;
}

/* One window whose turn it is. Called under the lock, which it lets go of. */
static int bring_up_to_date(struct region *region, struct window *w,
			    const struct steps *steps)
{
	int err = 0;

	w->epoch = region->epoch;
	TAILQ_REMOVE(&region->windows, w, entry);
	TAILQ_INSERT_TAIL(&region->windows, w, entry);
	if (!steps->n)
		return 0;
	if (!is_in_reach(w)) {
		/* Of the others nothing is missed: they see pages go. */
		w->missed = w->missed || (w->kind == WINDOW_SHARED && !w->dead);
		return 0;
	}
	note_units(region, w, steps);
	take(w);
	pthread_mutex_unlock(&region->lock);
	err = run_steps(w, steps);
	pthread_mutex_lock(&region->lock);
	if (err == -ESRCH)
		w->dead = true;
	else if (err)
		log_msg(LOG_WARNING,
			"region %" PRIu64 ": the window of pid %d cannot be "
			"changed: %s",
			region->id, w->pid, strerror(-err));
	release(w);
	return err == -ENOMEM ? err : 0;
}

/*
 * Does it to all windows, those that can be written and those that cannot; on
 * -ENOMEM it is not done to some. all: those it can be are not to wait for
 * that.
 */
static int run_everywhere(struct region *region, const struct steps *writers,
			  const struct steps *readers, bool all)
{
	struct window *w;
	int err = 0;

	if (!writers->n && !readers->n)
		return 0;
	pthread_mutex_lock(&region->lock);
	region->epoch++;
	hostwin_do(region, readers);
	while ((all || !err) && (w = TAILQ_FIRST(&region->windows)) &&
	       w->epoch != region->epoch) {
		if (w->state != WINDOW_HERE || w->busy)
			pthread_cond_wait(&region->moved, &region->lock);
		else if (bring_up_to_date(region, w,
					  can_write(w) ? writers : readers))
			err = -ENOMEM;
	}
	pthread_mutex_unlock(&region->lock);
	return err;
}

/* There never is one of a region that no process has room for. */
static bool has_windows(struct region *region)
{
	bool any;

	pthread_mutex_lock(&region->lock);
	any = region->nwindows || !SLIST_EMPTY(&region->hostwins);
	pthread_mutex_unlock(&region->lock);
	return any;
}

/* Takes all windows from one state to another; as above. */
static int apply(struct region *region, const struct modes *from,
		 const struct modes *to, bool all)
{
	const uint64_t unit = backing_unit(region->backing);
	struct steps writers = {0}, readers = {0};
	int err = 0;

	if (!has_windows(region))
		return 0;
	err = steps_plan(from, to, unit, true, &writers);
	if (!err)
		err = steps_plan(from, to, unit, false, &readers);
	if (!err)
		err = run_everywhere(region, &writers, &readers, all);
	steps_free(&writers);
	steps_free(&readers);
	return err;
}

/* Windows that come from now on have to be like that there. */
static int set_tight(struct region *region, const struct modes *pages)
{
	const struct modes none = {0};
	struct modes copy;
	int err = modes_overlay(&none, pages, &copy);

	if (err)
		return err;
	pthread_mutex_lock(&region->lock);
	region->tight = copy;
	pthread_mutex_unlock(&region->lock);
	return 0;
}

int control_plan(struct region *region, const struct extent *pages,
		 struct mapping_tree *then, const struct control_hints *hints,
		 struct control *c)
{
	const uint64_t page = region->backing->page;
	const uint64_t unit = backing_unit(region->backing);
	const struct extent units =
		extent_rounded(pages->start, pages->end, unit);
	struct modes settled = {0}, tight = {0};
	int err;

	*c = (struct control){{0}, {0}, {0}, {0}};
	if (hints->special) {
		pthread_mutex_lock(&region->lock);
		region->special = true;
		pthread_mutex_unlock(&region->lock);
	}
	if (!region->special)
		return 0;
	err = modes_read(then, page, pages->start, pages->end, &settled);
	if (!err)
		err = modes_read(&region->maps, page, units.start, units.end,
				 &c->before);
	if (!err)
		err = modes_overlay(&c->before, &settled, &c->after);
	if (!err)
		err = modes_tighten(&c->before, &c->after, &tight);
	if (!err)
		err = modes_close(&tight, hints->back, hints->freed,
				  &c->during);
	if (!err)
		err = modes_part(&c->during, pages->start, pages->end,
				 &c->pages);
	modes_free(&settled);
	modes_free(&tight);
	if (err)
		control_free(c);
	return err;
}

int control_tighten(struct region *region, const struct control *c)
{
	int err;

	if (!c->before.n)
		return 0;
	err = set_tight(region, &c->pages);
	if (err)
		return err;
	err = apply(region, &c->before, &c->during, false);
	if (err)
		control_undo(region, c);
	return err;
}

void control_undo(struct region *region, const struct control *c)
{
	if (!c->before.n)
		return;
	pthread_mutex_lock(&region->lock);
	modes_free(&region->tight);
	pthread_mutex_unlock(&region->lock);
	if (apply(region, &c->during, &c->before, true))
		log_msg(LOG_ERR,
			"region %" PRIu64 ": not every window is as it was "
			"before a change that failed",
			region->id);
}

void control_changed(struct region *region)
{
	region->changes++;
	counts.changes++;
	modes_free(&region->tight);
}

/*
 * A page that a reader touches while it is being freed is unmapped twice, and
 * the kernel forgets the second time that it was protected.
 */
void control_freed(struct region *region, const struct control *c,
		   const struct extents *freed)
{
	const struct steps none = {0};
	struct steps again;
	int err = steps_protect(&c->during, freed, &again);

	if (!err)
		err = run_everywhere(region, &again, &none, true);
	if (err)
		log_msg(LOG_ERR,
			"region %" PRIu64 ": not every window is protected "
			"where memory was freed: %s",
			region->id, strerror(-err));
	steps_free(&again);
}

void control_relax(struct region *region, const struct control *c)
{
	/* What it takes off needs no memory but to split a mapping. */
	if (apply(region, &c->during, &c->after, true))
		log_msg(LOG_WARNING,
			"region %" PRIu64 ": not every window could be opened",
			region->id);
}

void control_free(struct control *c)
{
	modes_free(&c->before);
	modes_free(&c->during);
	modes_free(&c->after);
	modes_free(&c->pages);
}

void control_probe(struct window *w)
{
	struct region *region = w->region;
	bool dead;

	pthread_mutex_lock(&region->lock);
	if (w->state != WINDOW_HERE || w->busy || w->uffd < 0) {
		pthread_mutex_unlock(&region->lock);
		return;
	}
	take(w);
	pthread_mutex_unlock(&region->lock);
	dead = uffd_is_dead(w->uffd);
	pthread_mutex_lock(&region->lock);
	w->dead = w->dead || dead;
	release(w);
	pthread_mutex_unlock(&region->lock);
}
