/* SPDX-License-Identifier: MIT */
#include "change/mapping_change.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/backing.h"
#include "windows/window_sync.h"
#include "region/host_window.h"
#include "region/prot_none.h"
#include "region/region_life.h"
#include "base/log.h"
#include "memory/populate.h"
#include "memory/present_pages.h"

int region_free_pages(struct region *region, const struct extent *pages)
{
	uint64_t unit = backing_unit(region->backing);
	const struct extent units =
		extent_rounded(pages->start, pages->end, unit);
	int err = backing_punch(region->fd, pages->start, pages->end);

	if (err)
		log_msg(LOG_ERR, "region %" PRIu64 ": freeing: %s", region->id,
			strerror(-err));
	pthread_mutex_lock(&region->lock);
	host_window_share_again(region, &units);
	pthread_mutex_unlock(&region->lock);
	return err;
}

/* The first failure */
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
	struct hugepage_pool pool;

	backing_pool(region->backing, &pool);
	log_msg(LOG_WARNING,
		"region %" PRIu64 ": no memory for a mapping: %" PRIu64
		" KiB wanted, %" PRIu64 " KiB free of %" PRIu64
		" KiB (%s, pages of %" PRIu64 " KiB)",
		region->id, wanted / 1024, pool.free / 1024, pool.total / 1024,
		region->backing->name, region->backing->page / 1024);
}

/* A change of the mappings in a range. */
struct change {
	enum {
		CHANGE_MAP,
		CHANGE_UNMAP,
		CHANGE_PROTECT
	} kind;
	struct extent range;
	uint32_t prot; /* and MAPPING_LAZY, of CHANGE_MAP */
	const atomic_bool *stop;
};

static void change_tree(struct mapping_tree *maps, const struct change *c,
			struct mapping_spare *spare)
{
	const struct extent *r = &c->range;

	switch (c->kind) {
	case CHANGE_MAP:
		mapping_insert(maps, r->start, r->end, c->prot, spare);
		break;
	case CHANGE_UNMAP:
		mapping_remove(maps, r->start, r->end, spare);
		break;
	case CHANGE_PROTECT:
		mapping_protect(maps, r->start, r->end, c->prot, spare);
		break;
	}
}

/* The huge pages of its range that mappings overlap, before or after it. */
struct view {
	struct extents usable;
	struct extents eager; /* memory is promised to these, and counted */
	struct extents kept;
};

/*
 * What it does to the pages of its range. Memory is promised to those that an
 * eager mapping overlaps, and counted; a lazy one takes it unseen.
 */
struct work {
	struct extent pages; /* all that the range touches */
	struct mapping_tree then;
	struct view before, after;
	struct window_sync sync;
	struct prot_none keep;
	struct extents wanted;	 /* to be filled */
	struct extents released; /* were promised and are no more */
	struct extents fresh;	 /* no mapping has use for them yet */
	struct extents freed;	 /* no mapping has use for them any more */
	struct extents stale; /* bytes to be zeroed, in pages that are there */
	struct extents wiped; /* the same, in pages that may not be there */
	struct mapping_spare spare;
};

static void view_free(struct view *view)
{
	extents_free(&view->usable);
	extents_free(&view->eager);
	extents_free(&view->kept);
}

static void work_free(struct work *work)
{
	mapping_tree_free(&work->then);
	view_free(&work->before);
	view_free(&work->after);
	window_sync_free(&work->sync);
	prot_none_plan_free(&work->keep);
	extents_free(&work->wanted);
	extents_free(&work->released);
	extents_free(&work->fresh);
	extents_free(&work->freed);
	extents_free(&work->stale);
	extents_free(&work->wiped);
	mapping_spare_free(&work->spare);
}

static bool is_eager(uint32_t prot)
{
	return prot_is_usable(prot) && !(prot & MAPPING_LAZY);
}

static int view_maps(struct region *region, struct mapping_tree *maps,
		     const struct extent *pages, struct view *view)
{
	const uint64_t page = region->backing->page;
	int err = mapping_pages(maps, page, pages->start, pages->end,
				MAPPINGS_USABLE, true, &view->usable);

	if (!err)
		err = mapping_pages(maps, page, pages->start, pages->end,
				    MAPPINGS_EAGER, true, &view->eager);
	if (!err)
		err = mapping_pages(maps, page, pages->start, pages->end,
				    MAPPINGS_KEPT, true, &view->kept);
	return err;
}

/* The mappings in the touched pages, as they will be. */
static int plan_then(struct region *region, const struct change *c,
		     struct work *work)
{
	struct mapping_spare spare;
	int err = mapping_copy(&region->maps, work->pages.start,
			       work->pages.end, &work->then);

	if (!err)
		err = mapping_spare_get(&spare);
	if (err)
		return err;
	change_tree(&work->then, c, &spare);
	mapping_spare_free(&spare);
	return 0;
}

/* Pages that other mappings than the new one need to be in the file. */
static int others_need(struct region *region, const struct change *c,
		       struct work *work, struct extents *out)
{
	const struct extent *r = &c->range;
	struct extents stays = {0};
	struct mapping_tree others;
	struct mapping_spare spare;
	struct view view = {0};
	int err = mapping_copy(&region->maps, work->pages.start,
			       work->pages.end, &others);

	if (!err)
		err = mapping_spare_get(&spare);
	if (err)
		goto free;
	mapping_remove(&others, r->start, r->end, &spare);
	mapping_spare_free(&spare);
	err = view_maps(region, &others, &work->pages, &view);
	/* What is kept is there, if somebody can use its page. */
	if (!err)
		err = extents_and(&view.kept, &work->after.usable, &stays);
	if (!err)
		err = extents_or(&view.usable, &stays, out);
free:
	extents_free(&stays);
	view_free(&view);
	mapping_tree_free(&others);
	return err;
}

/*
 * Pages that nothing needs but, if it begins anew there, the change itself:
 * those get their memory later, and what they have now goes.
 */
static int plan_freed(struct region *region, const struct change *c,
		      const struct extents *all, struct work *work)
{
	struct extents used = {0};
	int err;

	if (c->kind != CHANGE_MAP)
		return extents_minus(all, &work->after.usable, &work->freed);
	if (is_eager(c->prot))
		return 0;
	err = others_need(region, c, work, &used);
	if (!err)
		err = extents_minus(all, &used, &work->freed);
	extents_free(&used);
	return err;
}

/* list, as far as it is in range, less what is in without */
static int clip(const struct extents *list, const struct extent *range,
		const struct extents *without, struct extents *out)
{
	struct extent whole = *range;
	const struct extents only = {.v = &whole, .n = 1};
	struct extents inside;
	int err = extents_and(list, &only, &inside);

	if (err)
		return err;
	err = extents_minus(&inside, without, out);
	extents_free(&inside);
	return err;
}

/* What is mapped anew reads as zeros. */
static int plan_zeroing(const struct change *c, struct work *work)
{
	const struct extents none = {0};
	struct extents there, all = {.v = &work->pages, .n = 1};
	int err;

	if (c->kind != CHANGE_MAP)
		return 0;
	/* What is kept in them comes back. */
	err = extents_or(is_eager(c->prot) ? &work->before.usable
					   : &work->before.eager,
			 &work->keep.back, &there);
	if (!err)
		err = clip(&there, &c->range,
			   is_eager(c->prot) ? &none : &work->freed,
			   &work->stale);
	extents_free(&there);
	if (err || is_eager(c->prot))
		return err;
	/* Where no memory was promised: whatever is there */
	err = extents_or(&work->freed, &work->stale, &there);
	if (!err)
		err = clip(&all, &c->range, &there, &work->wiped);
	extents_free(&there);
	return err;
}

static int plan_pages(struct region *region, const struct change *c,
		      struct work *work)
{
	const struct extents all = {.v = &work->pages, .n = 1};
	struct view *before = &work->before, *after = &work->after;
	const struct prot_none_request keep = {
		.pages = &all,
		.usable_now = &before->usable,
		.usable_then = &after->usable,
		.kept_then = &after->kept,
		.back_all = c->kind == CHANGE_PROTECT,
	};
	int err = view_maps(region, &region->maps, &work->pages, before);

	if (!err)
		err = view_maps(region, &work->then, &work->pages, after);
	if (!err)
		err = extents_minus(&after->eager, &before->eager,
				    &work->wanted);
	if (!err)
		err = extents_minus(&before->eager, &after->eager,
				    &work->released);
	if (!err)
		err = extents_minus(&all, &before->usable, &work->fresh);
	if (!err)
		err = prot_none_plan(region, &keep, &work->keep);
	if (!err)
		err = plan_freed(region, c, &all, work);
	return err ? err : plan_zeroing(c, work);
}

static int plan(struct region *region, const struct change *c,
		struct work *work)
{
	const struct window_sync_hints hints = {
		.special = c->kind != CHANGE_UNMAP &&
			   (c->prot & MAPPING_LAZY || !(c->prot & PROT_WRITE)),
		.back = &work->keep.back,
		.freed = &work->freed,
	};
	int err = mapping_spare_get(&work->spare);

	work->pages = extent_rounded(c->range.start, c->range.end,
				     region->backing->page);
	if (!err)
		err = plan_then(region, c, work);
	if (!err)
		err = plan_pages(region, c, work);
	return err ? err
		   : window_sync_plan(region, &work->pages, &work->then, &hints,
				      &work->sync);
}

/*
 * Whether the file holds more than was promised: a window whose holes are not
 * guarded, or a program with the file at hand, has touched them.
 */
static bool holes_were_touched(struct region *region)
{
	return present_bytes(region->fd) + extents_bytes(&region->kept) >
	       region->held;
}

/* What the change takes, before it gives anything; undone whole on failure. */
static int take(struct region *region, const struct change *c,
		const struct work *work)
{
	uint64_t bytes =
		extents_bytes(&work->wanted) + prot_none_takes(&work->keep);
	int err;

	if (!bytes && !work->keep.back.n)
		return 0;
	err = backing_can_have(region->backing, bytes)
		      ? backing_take(region->backing, bytes)
		      : -ENOMEM;
	if (!err) {
		if (holes_were_touched(region))
			free_all(region, &work->fresh);
		err = prot_none_copy(region, &work->keep, c->stop);
		if (!err)
			err = populate_allocate(region->fd,
						region->backing->page,
						&work->wanted, c->stop);
		if (err) {
			prot_none_undo(region, &work->keep);
			free_all(region, &work->fresh);
			backing_give(region->backing, bytes);
		}
	}
	if (err == -ENOMEM)
		region_log_no_memory(region, bytes);
	if (!err)
		region->held += bytes;
	return err;
}

/* The mappings are changed; what only the old ones needed goes. */
static int give(struct region *region, const struct work *work)
{
	uint64_t bytes =
		extents_bytes(&work->released) + prot_none_gives(&work->keep);
	int err = 0;

	/* All of it: whoever could has touched what was not promised. */
	if (region->fd >= 0)
		err = free_all(region, &work->freed);
	prot_none_finish(region, &work->keep);
	region->held -= bytes;
	backing_give(region->backing, bytes);
	return err;
}

/* Nothing can fail from here on but what a process did to the file. */
static void zero(struct region *region, const struct work *work)
{
	int err =
		populate_zero(region->fd, region->backing->page, &work->stale);

	for (size_t i = 0; i < work->wiped.n && !err; i++)
		err = backing_punch(region->fd, work->wiped.v[i].start,
				    work->wiped.v[i].end);
	if (err)
		log_msg(LOG_ERR,
			"region %" PRIu64 ": its memory was changed "
			"behind our back: %s",
			region->id, strerror(-err));
}

static void commit(struct region *region, const struct change *c,
		   struct work *work)
{
	pthread_mutex_lock(&region->lock);
	if (c->kind != CHANGE_UNMAP)
		host_window_add(region, PROT_READ | PROT_WRITE);
	change_tree(&region->maps, c, &work->spare);
	window_sync_changed(region);
	prot_none_changed(region, &work->keep);
	if (c->kind != CHANGE_UNMAP)
		host_window_fill(region, c->range.start, c->range.end);
	pthread_mutex_unlock(&region->lock);
}

static int carry_out(struct region *region, const struct change *c,
		     struct work *work)
{
	bool late = c->kind == CHANGE_MAP && !is_eager(c->prot);
	int err = plan(region, c, work);

	if (!err)
		err = window_sync_tighten(region, &work->sync);
	if (err)
		return err;
	/* Only now nobody makes pages, or writes to them, that are moved. */
	err = prot_none_find(region, &work->keep);
	if (!err)
		err = take(region, c, work);
	if (err) {
		window_sync_undo(region, &work->sync);
		return err;
	}
	/* Lazily, others go on using the page; so it is zeroed at the end. */
	if (!late)
		zero(region, work);
	commit(region, c, work);
	if (c->kind == CHANGE_MAP)
		prot_none_zero(region, &c->range);
	err = give(region, work);
	if (work->freed.n)
		window_sync_freed(region, &work->sync, &work->freed);
	if (late)
		zero(region, work);
	window_sync_relax(region, &work->sync);
	return err;
}

static int check(struct region *region, const struct change *c)
{
	/* Only now it is certain: region_end() waits for us, or we for it. */
	if (c->kind != CHANGE_UNMAP && region_has_ended(region))
		return -EINVAL;
	if (c->kind == CHANGE_PROTECT &&
	    !mapping_is_whole(&region->maps, c->range.start, c->range.end))
		return -ENOMEM;
	return c->kind == CHANGE_UNMAP ? 0 : region_need_file(region);
}

static int change(struct region *region, const struct change *c)
{
	struct work work = {0};
	int err;

	mapping_tree_init(&work.then);
	pthread_mutex_lock(&region->change_lock);
	err = check(region, c);
	/* Nobody can reach it any more but windows, which keep what they have
	 */
	if (!err && !region->gone)
		err = carry_out(region, c, &work);
	pthread_mutex_unlock(&region->change_lock);
	work_free(&work);
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
		log_msg(LOG_ERR, "region %" PRIu64 ": ending it: %s",
			region->id, strerror(-err));
}
