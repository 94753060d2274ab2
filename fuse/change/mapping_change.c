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
		log_msg(LOG_ERR, "region %" PRIu64 ": cannot free pages: %s",
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
	log_msg(LOG_WARNING,
		"region %" PRIu64 ": no memory for a mapping: %" PRIu64
		" KiB wanted, %" PRIu64 " KiB free of %" PRIu64
		" KiB (%s, pages of %" PRIu64 " KiB) in %s",
		region->id, wanted / 1024, limit.free / 1024,
		limit.total / 1024, backing->name, backing->page / 1024,
		memory_limit_text(&limit, backing->page, wanted, text));
}

/* A change of the mappings in a range. */
struct change {
	enum {
		CHANGE_MAP,
		CHANGE_UNMAP,
		CHANGE_PROTECT
	} kind;
	struct extent range;
	uint32_t prot; /* for CHANGE_MAP also MAPPING_LAZY */
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

/* The huge pages that mappings overlap, before or after a change. */
struct view {
	struct extents usable;
	struct extents eager; /* these are allocated and counted */
	struct extents kept;
};

/*
 * What a change does to the pages of its range. Pages that an eager mapping
 * overlaps are allocated and counted as held; lazy pages are not counted.
 */
struct work {
	struct extent pages; /* all pages that the range touches */
	struct mapping_tree maps_after;
	struct view before, after;
	struct window_sync sync;
	struct prot_none moves;
	struct extents wanted;	 /* to be allocated */
	struct extents released; /* held before, not after */
	struct extents fresh;	 /* no usable mapping overlaps them before */
	struct extents freed;	 /* no mapping needs their contents after */
	struct extents stale;	 /* bytes to be zeroed, in present pages */
	struct extents wiped;	 /* bytes to be zeroed, maybe not present */
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
	mapping_tree_free(&work->maps_after);
	view_free(&work->before);
	view_free(&work->after);
	window_sync_free(&work->sync);
	prot_none_plan_free(&work->moves);
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

/* Copies the mappings of all touched pages, and changes the copy. */
static int plan_maps_after(struct region *region, const struct change *c,
			   struct work *work)
{
	struct mapping_spare spare;
	int err = mapping_copy(&region->maps, work->pages.start,
			       work->pages.end, &work->maps_after);
	const uint64_t before = work->maps_after.n;

	if (!err)
		err = mapping_spare_get(&spare);
	if (err)
		return err;
	change_tree(&work->maps_after, c, &spare);
	mapping_spare_free(&spare);
	return mapping_quota_take(region,
				  region->maps.n - before + work->maps_after.n);
}

/* The pages that mappings other than the new one need in the file. */
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
	/* Kept contents are in the file if a mapping of the page is usable. */
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
 * The pages whose contents no mapping needs. A new lazy mapping does not need
 * them either: it gets new memory when it is touched.
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

/* The part of list that lies in range and not in without. */
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

/* A new mapping reads as zeros. */
static int plan_zeroing(const struct change *c, struct work *work)
{
	const struct extents none = {0};
	struct extents there, all = {.v = &work->pages, .n = 1};
	int err;

	if (c->kind != CHANGE_MAP)
		return 0;
	/* Pages that are present by then, as kept contents are moved back. */
	err = extents_or(is_eager(c->prot) ? &work->before.usable
					   : &work->before.eager,
			 &work->moves.back, &there);
	if (!err)
		err = clip(&there, &c->range,
			   is_eager(c->prot) ? &none : &work->freed,
			   &work->stale);
	extents_free(&there);
	if (err || is_eager(c->prot))
		return err;
	/* Other pages may be present, if a lazy mapping was touched. */
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
	const struct prot_none_request request = {
		.pages = &all,
		.usable_before = &before->usable,
		.usable_after = &after->usable,
		.kept_after = &after->kept,
		.back_all = c->kind == CHANGE_PROTECT,
	};
	int err = view_maps(region, &region->maps, &work->pages, before);

	if (!err)
		err = view_maps(region, &work->maps_after, &work->pages, after);
	if (!err)
		err = extents_minus(&after->eager, &before->eager,
				    &work->wanted);
	if (!err)
		err = extents_minus(&before->eager, &after->eager,
				    &work->released);
	if (!err)
		err = extents_minus(&all, &before->usable, &work->fresh);
	if (!err)
		err = prot_none_plan(region, &request, &work->moves);
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
		.back = &work->moves.back,
		.freed = &work->freed,
	};
	int err = mapping_spare_get(&work->spare);

	work->pages = extent_rounded(c->range.start, c->range.end,
				     region->backing->page);
	if (!err)
		err = plan_maps_after(region, c, work);
	if (!err)
		err = plan_pages(region, c, work);
	return err ? err
		   : window_sync_plan(region, &work->pages, &work->maps_after,
				      &hints, &work->sync);
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

/* Takes memory once. On failure all of it is undone. */
static int try_to_take(struct region *region, const struct change *c,
		       const struct work *work, uint64_t bytes)
{
	int err = backing_can_have(region->backing, bytes)
			  ? backing_take(region->backing, bytes)
			  : -ENOMEM;

	if (err)
		return err;
	if (holes_were_touched(region))
		free_all(region, &work->fresh);
	err = prot_none_copy(region, &work->moves, c->stop);
	if (!err)
		err = populate_allocate(region->fd, region->backing->page,
					&work->wanted, c->stop);
	if (!err)
		return 0;
	prot_none_undo(region, &work->moves);
	free_all(region, &work->fresh);
	backing_give(region->backing, bytes);
	return err;
}

/* Takes the memory that the change needs, before any is given back. */
static int take(struct region *region, const struct change *c,
		const struct work *work)
{
	uint64_t bytes =
		extents_bytes(&work->wanted) + prot_none_takes(&work->moves);
	struct release_wait wait = {
		.bytes = bytes,
		.own = atomic_load(&region->leaving),
		.stop = c->stop,
	};
	int err;

	if (!bytes && !work->moves.back.n)
		return 0;
	do
		err = try_to_take(region, c, work, bytes);
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
static int give(struct region *region, const struct work *work)
{
	uint64_t bytes =
		extents_bytes(&work->released) + prot_none_gives(&work->moves);
	int err = 0;

	/* All of them, even if not counted: a touch may have allocated them. */
	if (region->fd >= 0)
		err = free_all(region, &work->freed);
	prot_none_finish(region, &work->moves);
	region->held -= bytes;
	backing_give(region->backing, bytes);
	return err;
}

/* Zeroes a new mapping. Fails only if a process has changed the file. */
static void zero(struct region *region, const struct work *work)
{
	int err =
		populate_zero(region->fd, region->backing->page, &work->stale);

	for (size_t i = 0; i < work->wiped.n && !err; i++)
		err = backing_punch(region->fd, work->wiped.v[i].start,
				    work->wiped.v[i].end);
	if (err)
		log_msg(LOG_ERR,
			"region %" PRIu64 ": cannot zero new memory: %s; has "
			"a process changed the backing file?",
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
	prot_none_changed(region, &work->moves);
	if (c->kind != CHANGE_UNMAP)
		host_window_fill(region, c->range.start, c->range.end);
	pthread_mutex_unlock(&region->lock);
}

static int carry_out(struct region *region, const struct change *c,
		     struct work *work)
{
	bool zero_late = c->kind == CHANGE_MAP && !is_eager(c->prot);
	int err = plan(region, c, work);

	if (!err)
		err = window_sync_tighten(region, &work->sync);
	if (err)
		return err;
	/* Only from here on no window allocates or writes pages that move. */
	err = prot_none_find(region, &work->moves, c->stop);
	if (!err)
		err = take(region, c, work);
	if (err) {
		window_sync_undo(region, &work->sync);
		return err;
	}
	/*
	 * A new lazy mapping is zeroed at the end, because other mappings of
	 * its pages stay in use meanwhile.
	 */
	if (!zero_late)
		zero(region, work);
	commit(region, c, work);
	if (c->kind == CHANGE_MAP)
		prot_none_zero(region, &c->range);
	err = give(region, work);
	if (work->freed.n)
		window_sync_freed(region, &work->sync, &work->freed);
	if (zero_late)
		zero(region, work);
	window_sync_relax(region, &work->sync);
	return err;
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
	struct work work = {0};
	int err;

	mapping_tree_init(&work.maps_after);
	pthread_mutex_lock(&region->change_lock);
	region->waited = 0;
	err = check(region, c);
	/* Only windows use a region that is gone; they keep its memory. */
	if (!err && !region->gone)
		err = carry_out(region, c, &work);
	mapping_quota_settle(region);
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
