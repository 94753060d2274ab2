/* SPDX-License-Identifier: MIT */
#include "change/advise.h"

#include <errno.h>
#include <sys/mman.h>

#include "change/mapping_change.h"
#include "memory/backing.h"
#include "memory/populate.h"
#include "memory/present_pages.h"

/* Of range, which mappings of the class overlap or (inside is false) not. */
static int bytes_of(struct region *region, const struct extent *range,
		    enum mapping_class which, bool inside, struct extents *out)
{
	struct extent whole = *range;
	const struct extents only = {.v = &whole, .n = 1};
	struct extents pages;
	int err =
		mapping_pages(&region->maps, region->backing->page,
			      range->start, range->end, which, inside, &pages);

	if (err)
		return err;
	err = extents_and(&pages, &only, out);
	extents_free(&pages);
	return err;
}

/* The pages of range that are there. */
static int present_in(struct region *region, const struct extent *range,
		      struct extents *out)
{
	const struct extent pages =
		extent_rounded(range->start, range->end, region->backing->page);

	return present_pages(region->backing, region->fd, pages.start,
			     pages.end, out);
}

/*
 * Of range, what is not promised: what can be freed; the rest, as far as it is
 * there, is added to what there is.
 */
static int lazy_bytes(struct region *region, const struct extent *range,
		      struct extents *freed, struct extents *there)
{
	struct extents lazy = {0}, writable = {0}, rest = {0}, present = {0};
	struct extents zeroed = {0}, all = {0};
	int err = bytes_of(region, range, MAPPINGS_EAGER, false, &lazy);

	if (!err)
		err = bytes_of(region, range, MAPPINGS_WRITABLE, true,
			       &writable);
	if (!err)
		err = extents_and(&lazy, &writable, freed);
	if (!err)
		err = extents_minus(&lazy, &writable, &rest);
	if (!err && rest.n)
		err = present_in(region, range, &present);
	if (!err)
		err = extents_and(&rest, &present, &zeroed);
	if (!err)
		err = extents_or(there, &zeroed, &all);
	extents_free(&lazy);
	extents_free(&writable);
	extents_free(&rest);
	extents_free(&present);
	extents_free(&zeroed);
	if (err)
		return err;
	extents_free(there);
	*there = all;
	return 0;
}

/*
 * What is promised stays there, and is zeroed; what is lazy is freed, in whole
 * pages (the kernel zeroes the rest), but for protected pages: windows could
 * forget that. What is kept is zeroed where it is.
 */
static int forget(struct region *region, const struct extent *range)
{
	const uint64_t page = region->backing->page;
	struct extent whole = *range;
	const struct extents only = {.v = &whole, .n = 1};
	struct extents there = {0}, others = {0}, kept = {0};
	int err = bytes_of(region, range, MAPPINGS_EAGER, true, &there);

	if (!err)
		err = lazy_bytes(region, range, &others, &there);
	if (!err)
		err = extents_and(&region->kept, &only, &kept);
	if (!err)
		err = populate_zero(region->fd, page, &there);
	if (!err && kept.n)
		err = populate_zero(region->kept_fd, page, &kept);
	for (size_t i = 0; i < others.n && !err; i++)
		err = region_free_pages(region, &others.v[i]);
	extents_free(&there);
	extents_free(&others);
	extents_free(&kept);
	return err;
}

static bool is_writable(struct region *region, const struct extent *range)
{
	struct mapping *m = mapping_find(&region->maps, range->start);

	for (; m && m->start < range->end; m = mapping_next(m))
		if (!(m->prot & PROT_WRITE))
			return false;
	return true;
}

/* Pages that are lazy, and not there. */
static int missing(struct region *region, const struct extent *range,
		   struct extents *out)
{
	struct extents lazy, there = {0};
	int err = mapping_pages(&region->maps, region->backing->page,
				range->start, range->end, MAPPINGS_LAZY, true,
				&lazy);

	if (err)
		return err;
	err = present_in(region, range, &there);
	if (!err)
		err = extents_minus(&lazy, &there, out);
	extents_free(&lazy);
	extents_free(&there);
	return err;
}

/*
 * Whoever uses the region goes on meanwhile, so what was taken before a failure
 * stays: somebody may have written to it.
 */
static int take_now(struct region *region, const struct extent *range,
		    const atomic_bool *stop)
{
	struct extents wanted = {0};
	int err = is_writable(region, range) ? 0 : -EINVAL;

	if (!err)
		err = missing(region, range, &wanted);
	if (!err && !backing_can_have(region->backing, extents_bytes(&wanted)))
		err = -ENOMEM;
	if (!err)
		err = populate_allocate(region->fd, region->backing->page,
					&wanted, stop);
	if (err == -ENOMEM)
		region_log_no_memory(region, extents_bytes(&wanted));
	extents_free(&wanted);
	return err;
}

static int advise(struct region *region, const struct extent *range,
		  uint32_t advice, const atomic_bool *stop)
{
	if (region_has_ended(region))
		return -EINVAL;
	if (!mapping_is_whole(&region->maps, range->start, range->end))
		return -ENOMEM;
	return advice == MADV_DONTNEED ? forget(region, range)
				       : take_now(region, range, stop);
}

int region_advise(struct region *region, const struct extent *range,
		  uint32_t advice, const atomic_bool *stop)
{
	int err;

	if (advice != MADV_DONTNEED && advice != MADV_POPULATE_WRITE)
		return -EINVAL;
	pthread_mutex_lock(&region->change_lock);
	err = advise(region, range, advice, stop);
	pthread_mutex_unlock(&region->change_lock);
	return err;
}
