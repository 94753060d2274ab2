/* SPDX-License-Identifier: MIT */
/* madvise() in a region: frees or zeroes memory, or allocates it. */
#include "change/advise.h"

#include <errno.h>
#include <sys/mman.h>

#include "change/mapping_change.h"
#include "memory/backing.h"
#include "memory/populate.h"
#include "memory/present_pages.h"
#include "memory/release_wait.h"

/* The bytes of range in pages that mappings of the class overlap, or do not. */
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

/* The pages of range that are present. */
static int present_in(struct region *region, const struct extent *range,
		      struct extents *out)
{
	struct extent pages =
		extent_rounded(range->start, range->end, region->backing->page);
	const struct extents where = {.v = &pages, .n = 1};

	return present_pages(region->backing, region->fd, &where, NULL, out);
}

/*
 * The bytes of range in pages that no eager mapping keeps present: those that
 * can be freed go to *freed, the others, if present, are added to *zeroed.
 */
static int lazy_bytes(struct region *region, const struct extent *range,
		      struct extents *freed, struct extents *zeroed)
{
	struct extents lazy = {0}, writable = {0}, rest = {0}, present = {0};
	struct extents unfreeable = {0}, all = {0};
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
		err = extents_and(&rest, &present, &unfreeable);
	if (!err)
		err = extents_or(zeroed, &unfreeable, &all);
	extents_free(&lazy);
	extents_free(&writable);
	extents_free(&rest);
	extents_free(&present);
	extents_free(&unfreeable);
	if (err)
		return err;
	extents_free(zeroed);
	*zeroed = all;
	return 0;
}

/*
 * MADV_DONTNEED. Memory of eager mappings stays, and is zeroed. Other memory is
 * freed (where it is not a whole page, the kernel zeroes it), except in
 * protected pages: freeing them could make windows lose the protection. Kept
 * pages are zeroed where they are.
 */
static int drop_contents(struct region *region, const struct extent *range)
{
	const uint64_t page = region->backing->page;
	struct extent whole = *range;
	const struct extents only = {.v = &whole, .n = 1};
	struct extents zeroed = {0}, freed = {0}, kept = {0};
	int err = bytes_of(region, range, MAPPINGS_EAGER, true, &zeroed);

	if (!err)
		err = lazy_bytes(region, range, &freed, &zeroed);
	if (!err)
		err = extents_and(&region->kept, &only, &kept);
	if (!err)
		err = populate_zero(region->fd, page, &zeroed);
	if (!err && kept.n)
		err = populate_zero(region->kept_fd, page, &kept);
	for (size_t i = 0; i < freed.n && !err; i++)
		err = region_free_pages(region, &freed.v[i]);
	extents_free(&zeroed);
	extents_free(&freed);
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

/* The lazy pages of range that are not present. */
static int missing(struct region *region, const struct extent *range,
		   const atomic_bool *stop, struct extents *out)
{
	struct extents lazy, there = {0};
	int err = mapping_pages(&region->maps, region->backing->page,
				range->start, range->end, MAPPINGS_LAZY, true,
				&lazy);

	if (err)
		return err;
	err = present_pages(region->backing, region->fd, &lazy, stop, &there);
	if (!err)
		err = extents_minus(&lazy, &there, out);
	extents_free(&lazy);
	extents_free(&there);
	return err;
}

/* *bytes: how much was wanted. */
static int try_to_populate(struct region *region, const struct extent *range,
			   const atomic_bool *stop, uint64_t *bytes)
{
	struct extents wanted = {0};
	int err = missing(region, range, stop, &wanted);

	if (err)
		return err;
	*bytes = extents_bytes(&wanted);
	err = backing_can_have(region->backing, *bytes)
		      ? populate_allocate(region->fd, region->backing->page,
					  &wanted, stop)
		      : -ENOMEM;
	extents_free(&wanted);
	return err;
}

/*
 * MADV_POPULATE_WRITE. Pages that were allocated before a failure stay: windows
 * are open, so somebody may have written to them already.
 */
static int populate(struct region *region, const struct extent *range,
		    const atomic_bool *stop)
{
	struct release_wait wait = {
		.own = atomic_load(&region->leaving),
		.stop = stop,
	};
	int err;

	if (!is_writable(region, range))
		return -EINVAL;
	do
		err = try_to_populate(region, range, stop, &wait.bytes);
	while (err == -ENOMEM && wait.bytes &&
	       release_wait(&wait, region->backing));
	if (err == -ENOMEM)
		err = release_wait_error(&wait);
	if (err == -ENOMEM)
		region_log_no_memory(region, wait.bytes);
	return err;
}

static int advise(struct region *region, const struct extent *range,
		  uint32_t advice, const atomic_bool *stop)
{
	if (region_has_ended(region))
		return -EINVAL;
	if (!mapping_is_whole(&region->maps, range->start, range->end))
		return -ENOMEM;
	return advice == MADV_DONTNEED ? drop_contents(region, range)
				       : populate(region, range, stop);
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
