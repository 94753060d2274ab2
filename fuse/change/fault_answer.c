/* SPDX-License-Identifier: MIT */
#include "change/fault_answer.h"

#include <errno.h>
#include <sys/mman.h>

#include "memory/backing.h"
#include "memory/populate.h"

/* Called under the lock. */
static enum look look_up(struct region *region, uint64_t offset)
{
	struct mapping *m = mapping_find(&region->maps, offset);

	if (!m || m->start > offset)
		return LOOK_HOLE;
	if (!prot_is_usable(m->prot))
		return LOOK_NO_ACCESS;
	if (m->prot & MAPPING_LAZY)
		return LOOK_LAZY;
	return m->prot & PROT_WRITE ? LOOK_MAPPED : LOOK_READ_ONLY;
}

/* No change is under way, so the page is still to be had. */
static enum look fill(struct region *region, uint64_t offset)
{
	const uint64_t page = region->backing->page;
	struct extent e = extent_rounded(offset, offset + 1, page);
	const struct extents list = {.v = &e, .n = 1};
	int err = region->fd < 0
			  ? -ENOENT
			  : populate_allocate(region->fd, page, &list, NULL);

	if (err == -ENOMEM)
		return LOOK_NO_MEMORY;
	return err ? LOOK_HOLE : LOOK_LAZY;
}

static enum look look_up_locked(struct region *region, uint64_t offset)
{
	enum look look;

	pthread_mutex_lock(&region->lock);
	look = look_up(region, offset);
	pthread_mutex_unlock(&region->lock);
	return look;
}

enum look region_look(struct region *region, uint64_t offset)
{
	enum look look = look_up_locked(region, offset);

	if (look != LOOK_LAZY)
		return look;
	if (pthread_mutex_trylock(&region->change_lock))
		return LOOK_CHANGING;
	look = look_up_locked(region, offset);
	if (look == LOOK_LAZY)
		look = fill(region, offset);
	pthread_mutex_unlock(&region->change_lock);
	return look;
}
