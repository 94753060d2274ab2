/* SPDX-License-Identifier: MIT */
/*
 * Maps, unmaps and protects as transactions. A change is planned; all windows
 * are tightened; memory is taken; the mappings change; memory is given back;
 * the windows are relaxed.
 */
#include "change/mapping_change.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "change/change_plan.h"
#include "change/mapping_quota.h"
#include "memory/backing.h"
#include "memory/populate.h"
#include "memory/present_pages.h"
#include "memory/release_wait.h"
#include "region/host_window.h"
#include "region/prot_none.h"
#include "region/region_life.h"
#include "windows/window_sync.h"

int region_free_pages(struct region *region, const struct extent *pages)
{
	uint64_t unit = backing_unit(region->backing);
	const struct extent units =
		extent_rounded(pages->start, pages->end, unit);
	int err = backing_punch(region->fd, pages->start, pages->end);

	if (err)
		log_each(LOG_ERR, "region %" PRIu64 ": cannot free pages: %s",
			 region->id, strerror(-err));
	pthread_mutex_lock(&region->lock);
	host_window_share_again(region, &units);
	pthread_mutex_unlock(&region->lock);
	return err;
}

/* Frees all of list. 0 or the first failure. */
static int free_all(struct region *region, const struct extents *list)
{
	int ret = 0;

	for (size_t i = 0; i < list->n; i++) {
		int err = region_free_pages(region, &list->v[i]);

		ret = ret ? ret : err;
	}
	return ret;
}

void region_log_no_memory(struct region *region, uint64_t wanted)
{
	const struct backing *backing = region->backing;
	char text[MEMORY_LIMIT_TEXT];
	struct memory_limit limit;

	backing_tightest(backing, &limit);
	log_each(LOG_WARNING,
		 "region %" PRIu64 ": no memory for a mapping: %" PRIu64
		 " KiB wanted, %" PRIu64 " KiB free of %" PRIu64
		 " KiB (%s, pages of %" PRIu64 " KiB) in %s",
		 region->id, wanted / 1024, limit.free / 1024,
		 limit.total / 1024, backing->name, backing->page / 1024,
		 memory_limit_text(&limit, backing->page, wanted, text));
}

/*
 * Whether the file holds more than was counted: a window whose holes are not
 * guarded, or a process with a descriptor of the file, has touched holes.
 */
static bool holes_were_touched(struct region *region)
{
	return present_bytes(region->fd) + extents_bytes(&region->kept) >
	       region->held;
}

/* So that nothing can fail once the mappings have changed. */
static int prepare_zeroing(struct region *region, const struct change *c,
			   struct change_plan *plan)
{
	const uint64_t page = region->backing->page;
	int err = change_plan_kept(c, plan);

	if (!err)
		err = zeroing_prepare(&plan->zero_stale, region->fd, page,
				      &plan->stale);
	if (!err)
		err = zeroing_prepare(&plan->zero_kept, region->kept_fd, page,
				      &plan->kept);
	if (err)
		zeroing_end(&plan->zero_stale);
	return err;
}

/* Takes memory once. On failure all of it is undone. */
static int try_to_take(struct region *region, const struct change *c,
		       struct change_plan *plan, uint64_t bytes)
{
	int err = backing_can_have(region->backing, bytes)
			  ? backing_take(region->backing, bytes)
			  : -ENOMEM;

	if (err)
		return err;
	if (holes_were_touched(region))
		free_all(region, &plan->fresh);
	err = prot_none_copy(region, &plan->moves, c->stop);
	if (!err)
		err = populate_allocate(region->fd, region->backing->page,
					&plan->wanted, c->stop);
	if (!err)
		err = prepare_zeroing(region, c, plan);
	if (!err)
		return 0;
	prot_none_undo(region, &plan->moves);
	free_all(region, &plan->fresh);
	backing_give(region->backing, bytes);
	return err;
}

/* Takes the memory that the change needs, before any is given back. */
static int take(struct region *region, const struct change *c,
		struct change_plan *plan)
{
	uint64_t bytes =
		extents_bytes(&plan->wanted) + prot_none_takes(&plan->moves);
	struct release_wait wait = {
		.bytes = bytes,
		.own = atomic_load(&region->leaving),
		.stop = c->stop,
	};
	int err;

	if (!bytes && !plan->moves.back.n)
		return prepare_zeroing(region, c, plan);
	do
		err = try_to_take(region, c, plan, bytes);
	while (err == -ENOMEM && release_wait(&wait, region->backing));
	if (err == -ENOMEM)
		err = release_wait_error(&wait);
	if (err == -ENOMEM)
		region_log_no_memory(region, bytes);
	if (!err)
		region->held += bytes;
	return err;
}

/* Gives back the memory that only the old mappings needed. */
static int give(struct region *region, const struct change_plan *plan)
{
	uint64_t bytes =
		extents_bytes(&plan->released) + prot_none_gives(&plan->moves);
	int err = 0;

	/* All of them, even if not counted: a touch may have allocated them. */
	if (region->fd >= 0)
		err = free_all(region, &plan->freed);
	prot_none_finish(region, &plan->moves);
	region->held -= bytes;
	backing_give(region->backing, bytes);
	return err;
}

/* Zeroes what was kept, where something new was mapped. */
static bool zero_kept(struct region *region, const struct change_plan *plan)
{
	int err = zeroing_do(&plan->zero_kept);

	if (err)
		log_each(LOG_ERR,
			 "region %" PRIu64 ": cannot zero pages of PROT_NONE "
			 "mappings: %s",
			 region->id, strerror(-err));
	return !err;
}

/* Zeroes a new mapping. Fails only if a process has changed the file. */
static bool zero(struct region *region, const struct change_plan *plan)
{
	int err = zeroing_do(&plan->zero_stale);

	for (size_t i = 0; i < plan->wiped.n && !err; i++)
		err = backing_punch(region->fd, plan->wiped.v[i].start,
				    plan->wiped.v[i].end);
	if (err)
		log_each(LOG_ERR,
			 "region %" PRIu64 ": cannot zero new memory: %s; has "
			 "a process changed the backing file?",
			 region->id, strerror(-err));
	return !err;
}

static void commit(struct region *region, const struct change *c,
		   struct change_plan *plan)
{
	pthread_mutex_lock(&region->lock);
	if (c->kind != CHANGE_UNMAP)
		host_window_add(region, PROT_READ | PROT_WRITE);
	change_apply(&region->maps, c, &plan->spare);
	window_sync_changed(region);
	prot_none_changed(region, &plan->moves);
	if (c->kind != CHANGE_UNMAP)
		host_window_fill(region, c->range.start, c->range.end);
	pthread_mutex_unlock(&region->lock);
}

static int carry_out(struct region *region, const struct change *c,
		     struct change_plan *plan)
{
	bool zero_late = c->kind == CHANGE_MAP && !change_is_eager(c);
	int err = change_plan_make(region, c, plan);
	bool whole; /* nothing is missing of what cannot be undone any more */

	if (!err)
		err = window_sync_tighten(region, &plan->sync);
	if (err)
		return err;
	/* Only from here on no window allocates or writes pages that move. */
	err = prot_none_find(region, &plan->moves, c->stop);
	if (!err)
		err = take(region, c, plan);
	if (err) {
		window_sync_undo(region, &plan->sync);
		return err;
	}
	/*
	 * A new lazy mapping is zeroed at the end, because other mappings of
	 * its pages stay in use meanwhile.
	 */
	whole = zero_late || zero(region, plan);
	commit(region, c, plan);
	whole &= zero_kept(region, plan);
	err = give(region, plan);
	if (plan->freed.n)
		whole &= !window_sync_freed(region, &plan->sync);
	if (zero_late)
		whole &= zero(region, plan);
	whole &= !window_sync_relax(region, &plan->sync);
	return whole ? err : -EIO;
}

static int check(struct region *region, const struct change *c)
{
	/* Under change_lock: region_end() sets ended before it takes that. */
	if (c->kind != CHANGE_UNMAP && region_has_ended(region))
		return -EINVAL;
	if (c->kind == CHANGE_PROTECT &&
	    !mapping_is_whole(&region->maps, c->range.start, c->range.end))
		return -ENOMEM;
	return c->kind == CHANGE_UNMAP ? 0 : region_need_file(region);
}

static int change(struct region *region, const struct change *c)
{
	struct change_plan plan = {0};
	int err;

	mapping_tree_init(&plan.maps_after);
	pthread_mutex_lock(&region->change_lock);
	region->waited = 0;
	err = check(region, c);
	/* Only windows use a region that is gone; they keep its memory. */
	if (!err && !region->gone)
		err = carry_out(region, c, &plan);
	mapping_quota_settle(region);
	pthread_mutex_unlock(&region->change_lock);
	change_plan_free(&plan);
	return err;
}

int region_map(struct region *region, const struct extent *range, uint32_t prot,
	       const atomic_bool *stop)
{
	const struct change c = {CHANGE_MAP, *range, prot, stop};

	return change(region, &c);
}

int region_unmap(struct region *region, const struct extent *range)
{
	const struct change c = {.kind = CHANGE_UNMAP, .range = *range};

	return change(region, &c);
}

int region_protect(struct region *region, const struct extent *range,
		   uint32_t prot, const atomic_bool *stop)
{
	const struct change c = {CHANGE_PROTECT, *range, prot, stop};

	if (prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	return change(region, &c);
}

void region_end(struct region *region)
{
	struct extent all = {0};
	int err = 0;

	pthread_mutex_lock(&region->lock);
	region->ended = true;
	all.end = region->size;
	pthread_mutex_unlock(&region->lock);
	if (all.end)
		err = region_unmap(region, &all);
	if (err)
		log_each(LOG_ERR, "region %" PRIu64 ": ending it: %s",
			 region->id, strerror(-err));
}
