/* SPDX-License-Identifier: MIT */
#include "change/change_plan.h"

#include <errno.h>
#include <sys/mman.h>

#include "change/mapping_quota.h"
#include "memory/backing.h"

void change_apply(struct mapping_tree *maps, const struct change *c,
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

bool change_is_eager(const struct change *c)
{
	return prot_is_usable(c->prot) && !(c->prot & MAPPING_LAZY);
}

static void view_free(struct change_view *view)
{
	extents_free(&view->usable);
	extents_free(&view->eager);
	extents_free(&view->kept);
}

void change_plan_free(struct change_plan *plan)
{
	mapping_tree_free(&plan->maps_after);
	view_free(&plan->before);
	view_free(&plan->after);
	window_sync_free(&plan->sync);
	prot_none_plan_free(&plan->moves);
	extents_free(&plan->wanted);
	extents_free(&plan->released);
	extents_free(&plan->fresh);
	extents_free(&plan->freed);
	extents_free(&plan->stale);
	extents_free(&plan->kept);
	extents_free(&plan->wiped);
	zeroing_end(&plan->zero_stale);
	zeroing_end(&plan->zero_kept);
	mapping_spare_free(&plan->spare);
}

static int view_maps(struct region *region, struct mapping_tree *maps,
		     const struct extent *pages, struct change_view *view)
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
			   struct change_plan *plan)
{
	struct mapping_spare spare;
	int err = mapping_copy(&region->maps, plan->pages.start,
			       plan->pages.end, &plan->maps_after);
	const uint64_t before = plan->maps_after.n;

	if (!err)
		err = mapping_spare_get(&spare);
	if (err)
		return err;
	change_apply(&plan->maps_after, c, &spare);
	mapping_spare_free(&spare);
	return mapping_quota_take(region,
				  region->maps.n - before + plan->maps_after.n);
}

/* The pages that mappings other than the new one need in the file. */
static int others_need(struct region *region, const struct change *c,
		       struct change_plan *plan, struct extents *out)
{
	const struct extent *r = &c->range;
	struct extents stays = {0};
	struct mapping_tree others;
	struct mapping_spare spare;
	struct change_view view = {0};
	int err = mapping_copy(&region->maps, plan->pages.start,
			       plan->pages.end, &others);

	if (!err)
		err = mapping_spare_get(&spare);
	if (err)
		goto free;
	mapping_remove(&others, r->start, r->end, &spare);
	mapping_spare_free(&spare);
	err = view_maps(region, &others, &plan->pages, &view);
	/* Kept contents are in the file if a mapping of the page is usable. */
	if (!err)
		err = extents_and(&view.kept, &plan->after.usable, &stays);
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
		      const struct extents *all, struct change_plan *plan)
{
	struct extents used = {0};
	int err;

	if (c->kind != CHANGE_MAP)
		return extents_minus(all, &plan->after.usable, &plan->freed);
	if (change_is_eager(c))
		return 0;
	err = others_need(region, c, plan, &used);
	if (!err)
		err = extents_minus(all, &used, &plan->freed);
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
static int plan_zeroing(const struct change *c, struct change_plan *plan)
{
	const struct extents none = {0};
	struct extents there, all = {.v = &plan->pages, .n = 1};
	int err;

	if (c->kind != CHANGE_MAP)
		return 0;
	/* Pages that are present by then, as kept contents are moved back. */
	err = extents_or(change_is_eager(c) ? &plan->before.usable
					    : &plan->before.eager,
			 &plan->moves.back, &there);
	if (!err)
		err = clip(&there, &c->range,
			   change_is_eager(c) ? &none : &plan->freed,
			   &plan->stale);
	extents_free(&there);
	if (err || change_is_eager(c))
		return err;
	/* Other pages may be present, if a lazy mapping was touched. */
	err = extents_or(&plan->freed, &plan->stale, &there);
	if (!err)
		err = clip(&all, &c->range, &there, &plan->wiped);
	extents_free(&there);
	return err;
}

int change_plan_kept(const struct change *c, struct change_plan *plan)
{
	struct extent range = c->range;
	const struct extents only = {.v = &range, .n = 1};

	if (c->kind != CHANGE_MAP)
		return 0;
	extents_free(&plan->kept);
	return extents_and(&plan->moves.kept_after, &only, &plan->kept);
}

static int plan_pages(struct region *region, const struct change *c,
		      struct change_plan *plan)
{
	const struct extents all = {.v = &plan->pages, .n = 1};
	struct change_view *before = &plan->before, *after = &plan->after;
	const struct prot_none_request request = {
		.pages = &all,
		.usable_before = &before->usable,
		.usable_after = &after->usable,
		.kept_after = &after->kept,
		.back_all = c->kind == CHANGE_PROTECT,
	};
	int err = view_maps(region, &region->maps, &plan->pages, before);

	if (!err)
		err = view_maps(region, &plan->maps_after, &plan->pages, after);
	if (!err)
		err = extents_minus(&after->eager, &before->eager,
				    &plan->wanted);
	if (!err)
		err = extents_minus(&before->eager, &after->eager,
				    &plan->released);
	if (!err)
		err = extents_minus(&all, &before->usable, &plan->fresh);
	if (!err)
		err = prot_none_plan(region, &request, &plan->moves);
	if (!err)
		err = plan_freed(region, c, &all, plan);
	return err ? err : plan_zeroing(c, plan);
}

int change_plan_make(struct region *region, const struct change *c,
		     struct change_plan *plan)
{
	const struct window_sync_hints hints = {
		.special = c->kind != CHANGE_UNMAP &&
			   (c->prot & MAPPING_LAZY || !(c->prot & PROT_WRITE)),
		.back = &plan->moves.back,
		.freed = &plan->freed,
	};
	int err = mapping_spare_get(&plan->spare);

	plan->pages = extent_rounded(c->range.start, c->range.end,
				     region->backing->page);
	if (!err)
		err = plan_maps_after(region, c, plan);
	if (!err)
		err = plan_pages(region, c, plan);
	return err ? err
		   : window_sync_plan(region, &plan->pages, &plan->maps_after,
				      &hints, &plan->sync);
}
