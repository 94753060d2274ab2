/* SPDX-License-Identifier: MIT */
/* Size, start and flags of a region. */
#include "region/region.h"

#include <errno.h>

#include "memory/backing.h"
#include "memory/present_pages.h"

/* Start is set before size, and neither changes again. */
void region_shape(struct region *region, uint64_t *start, uint64_t *size,
		  uint64_t *mapped)
{
	*size = atomic_load(&region->size);
	*start = *size ? region->start : 0;
	*mapped = atomic_load(&region->mapped);
}

uint64_t region_units(const struct region *region)
{
	const uint64_t unit = backing_unit(region->backing);

	return (region->size + unit - 1) / unit;
}

uint64_t region_present(const struct region *region)
{
	return present_bytes(region->fd) + present_bytes(region->kept_fd);
}

bool region_has_ended(struct region *region)
{
	bool ended;

	pthread_mutex_lock(&region->lock);
	ended = region->ended;
	pthread_mutex_unlock(&region->lock);
	return ended;
}

static int fix_shape(struct region *region, uint64_t start, uint64_t size,
		     uint64_t align)
{
	int err = 0;

	if (size == 0 || size % align || size > REGION_MAX || start % align ||
	    start > UINT64_MAX - size)
		return -EINVAL;
	pthread_mutex_lock(&region->lock);
	if (region->size || region->ended) {
		err = -EINVAL;
	} else {
		region->start = start;
		region->size = size;
	}
	pthread_mutex_unlock(&region->lock);
	return err;
}

int region_set_size(struct region *region, uint64_t start, uint64_t size,
		    uint64_t align)
{
	return start ? fix_shape(region, start, size, align) : -EINVAL;
}

int region_truncate(struct region *region, uint64_t size, uint64_t align)
{
	/* As in a filesystem whose files cannot be so large. */
	if (size > REGION_MAX && size % align == 0)
		return -EFBIG;
	return fix_shape(region, 0, size, align);
}

int region_set_readable(struct region *region, uint64_t start, uint64_t size,
			uint64_t align)
{
	int err = atomic_load(&region->owned)
			  ? -EINVAL
			  : region_set_size(region, start, size, align);

	if (err)
		return err;
	pthread_mutex_lock(&region->lock);
	region->readable = true;
	pthread_mutex_unlock(&region->lock);
	return 0;
}

int region_set_owned(struct region *region)
{
	int err = 0;

	pthread_mutex_lock(&region->lock);
	if (region->size || region->ended || atomic_load(&region->owned))
		err = -EINVAL;
	else
		atomic_store(&region->owned, true);
	pthread_mutex_unlock(&region->lock);
	return err;
}

bool region_readable(struct region *region, uint64_t info[2])
{
	bool readable;

	pthread_mutex_lock(&region->lock);
	readable = region->readable;
	info[0] = region->start;
	info[1] = region->size;
	pthread_mutex_unlock(&region->lock);
	return readable;
}

void region_release_if_unused(struct region *region)
{
	if (!region->gone || region->nwindows)
		return;
	backing_give(region->backing, region->held);
	region->held = 0;
	if (atomic_exchange(&region->leaving, false))
		atomic_fetch_sub(&region->backing->leaving, 1);
}

void region_leaves(struct region *region)
{
	if (!atomic_exchange(&region->leaving, true))
		atomic_fetch_add(&region->backing->leaving, 1);
}
