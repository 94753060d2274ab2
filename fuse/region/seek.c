/* SPDX-License-Identifier: MIT */
#include "region/seek.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "region/region.h"

off_t seek_in_data(off_t size, off_t offset, int whence)
{
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (offset < 0 || offset >= size)
		return -ENXIO;
	return whence == SEEK_DATA ? offset : size;
}

static off_t find_data(struct region *region, uint64_t at)
{
	const struct mapping *m = mapping_find(&region->maps, at);

	if (!m)
		return -ENXIO;
	return (off_t)(m->start > at ? m->start : at);
}

static off_t find_hole(struct region *region, uint64_t at)
{
	struct mapping *m = mapping_find(&region->maps, at);

	/* Mappings that touch have no hole between them. */
	for (; m && m->start <= at; m = mapping_next(m))
		at = m->end;
	return (off_t)at;
}

off_t region_seek(struct region *region, off_t offset, int whence)
{
	off_t at = -ENXIO;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	pthread_mutex_lock(&region->lock);
	if (offset >= 0 && (uint64_t)offset < region->size)
		at = whence == SEEK_DATA ? find_data(region, (uint64_t)offset)
					 : find_hole(region, (uint64_t)offset);
	pthread_mutex_unlock(&region->lock);
	return at;
}
