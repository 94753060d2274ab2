/* SPDX-License-Identifier: MIT */
/* Looks a fault up in the mappings, and fills pages that are missing. */
#include "change/fault_answer.h"

#include <errno.h>
#include <sys/mman.h>

#include "memory/backing.h"
#include "memory/populate.h"

/* Called under lock. */
static enum fault_answer look_up(struct region *region, uint64_t offset)
{
	struct mapping *m = mapping_find(&region->maps, offset);

	if (!m || m->start > offset)
		return FAULT_HOLE;
	if (!prot_is_usable(m->prot))
		return FAULT_NO_ACCESS;
	if (m->prot & MAPPING_LAZY)
		return FAULT_LAZY;
	return m->prot & PROT_WRITE ? FAULT_MAPPED : FAULT_READ_ONLY;
}

/*
 * Allocates a page that is to be there and may be missing: a lazy one, or one
 * that a process freed behind the daemon's back (MADV_REMOVE by a raw system
 * call). The caller holds change_lock, so the mapping stays meanwhile.
 */
static enum fault_answer fill(struct region *region, uint64_t offset,
			      enum fault_answer answer)
{
	const uint64_t page = region->backing->page;
	struct extent e = extent_rounded(offset, offset + 1, page);
	const struct extents list = {.v = &e, .n = 1};
	int err = region->fd < 0
			  ? -ENOENT
			  : populate_allocate(region->fd, page, &list, NULL);

	if (err == -ENOMEM)
		return FAULT_NO_MEMORY;
	return err && answer == FAULT_LAZY ? FAULT_HOLE : answer;
}

static enum fault_answer look_up_locked(struct region *region, uint64_t offset)
{
	enum fault_answer answer;

	pthread_mutex_lock(&region->lock);
	answer = look_up(region, offset);
	pthread_mutex_unlock(&region->lock);
	return answer;
}

/*
 * A page of read-only memory that was freed stays missing: nothing would
 * protect it in the windows that are there.
 */
static bool can_be_filled(enum fault_answer answer)
{
	return answer == FAULT_LAZY || answer == FAULT_MAPPED;
}

enum fault_answer region_fault_answer(struct region *region, uint64_t offset)
{
	enum fault_answer answer = look_up_locked(region, offset);

	if (!can_be_filled(answer))
		return answer;
	if (pthread_mutex_trylock(&region->change_lock))
		return FAULT_CHANGING;
	answer = look_up_locked(region, offset);
	if (can_be_filled(answer))
		answer = fill(region, offset, answer);
	pthread_mutex_unlock(&region->change_lock);
	return answer;
}
