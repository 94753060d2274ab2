/* SPDX-License-Identifier: MIT */
#include "ops/region_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "memory/backing.h"
#include "memory/present_pages.h"
#include "windows/window.h"

/* How long a query waits for windows that are coming. */
#define WAIT_NS 100000000

/* Region lock held, as in all static functions up to describe(). */
static uint32_t why_not_shared(const struct region *region,
			       const struct window *w, uint32_t own_units)
{
	const struct backing *b = region->backing;

	if (w->kind != WINDOW_SHARED)
		return MSHARE_NOT_READ_ONLY_FILE;
	if (b->kind == BACKING_SHMEM)
		return MSHARE_NOT_BACKING;
	if (!b->shares)
		return MSHARE_NOT_KERNEL;
	if (w->base % backing_unit(b))
		return MSHARE_NOT_ALIGNED;
	return own_units ? MSHARE_NOT_PROTECTED : MSHARE_SHARES;
}

static bool is_settled(const struct window *w)
{
	return w->state == WINDOW_HERE || w->state == WINDOW_LEAVING;
}

/*
 * A process that has just made a window expects to see it, but its last message
 * to the daemon may still be on its way. That takes moments only, so this does
 * not wait any longer for a slow client.
 */
static void wait_for_coming(struct region *region)
{
	struct timespec until;
	struct window *w;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
again:
	TAILQ_FOREACH (w, &region->windows, entry) {
		if (w->state != WINDOW_COMING)
			continue;
		if (pthread_cond_timedwait(&region->moved, &region->lock,
					   &until))
			return;
		goto again;
	}
}

static bool may_know_address(uid_t asks, const struct window *w)
{
	return asks == 0 || asks == geteuid() || asks == w->uid;
}

static void describe(const struct region *region, const struct window *w,
		     uid_t asks, struct mshare_status_window *out)
{
	uint64_t units = region_units(region);
	uint64_t own = unshared_units_count(&w->own, units);

	*out = (struct mshare_status_window){
		.id = w->id,
		.addr = may_know_address(asks, w) ? w->base : 0,
		.pid = (uint32_t)w->pid,
		.prot = w->prot,
		.flags = (w->guarded ? MSHARE_WINDOW_GUARDED : 0) |
			 (w->uffd >= 0 ? MSHARE_WINDOW_REACHED : 0) |
			 (w->missed ? MSHARE_WINDOW_MISSED : 0),
		.why = why_not_shared(region, w, (uint32_t)own),
		.units = (uint32_t)units,
	};
	out->own_units =
		out->why == MSHARE_SHARES || out->why == MSHARE_NOT_PROTECTED
			? (uint32_t)own
			: out->units;
}

/* True if the window shares the page tables of at least some units. */
static bool is_sharing(const struct mshare_status_window *w)
{
	return w->own_units < w->units;
}

void region_status(struct region *region, struct mshare_status_region *out)
{
	struct mshare_status_window description;
	const struct window *w;

	*out = (struct mshare_status_region){.version = MSHARE_STATUS_VERSION};
	pthread_mutex_lock(&region->lock);
	wait_for_coming(region);
	out->flags = (region->ended ? MSHARE_REGION_ENDED : 0) |
		     (atomic_load(&region->owned) ? MSHARE_REGION_OWNED : 0) |
		     (region->readable ? MSHARE_REGION_READABLE : 0);
	out->start = region->start;
	out->size = region->size;
	out->mapped = region->maps.bytes;
	out->promised = atomic_load(&region->held);
	out->present = region_present(region);
	out->changes = region->changes;
	out->owner = (uint32_t)atomic_load(&region->owner);
	TAILQ_FOREACH (w, &region->windows, entry) {
		if (!is_settled(w))
			continue;
		describe(region, w, 0, &description);
		out->windows++;
		out->sharing += is_sharing(&description);
	}
	pthread_mutex_unlock(&region->lock);
}

/* Sets m->present: the memory that the mapping's pages take. */
static int fill_present(const struct backing *backing, int fd,
			const struct extents *kept,
			struct mshare_status_mapping *m)
{
	struct extent pages = extent_rounded(m->start, m->end, backing->page);
	const struct extents only = {.v = &pages, .n = 1};
	struct extents there = {0};
	int err = 0;

	if (m->flags & MSHARE_MAPPING_KEPT)
		err = extents_and(kept, &only, &there);
	else if (m->prot && m->flags & MSHARE_MAPPING_LAZY)
		err = present_pages(backing, fd, pages.start, pages.end,
				    &there);
	else if (m->prot)
		err = extents_add(&there, pages.start, pages.end);
	m->present = extents_bytes(&there);
	extents_free(&there);
	return err;
}

static void list_maps(struct region *region, struct mshare_status_maps *out)
{
	struct mapping *m = mapping_find(&region->maps, out->from);

	for (; m && out->n < MSHARE_STATUS_MAPPINGS; m = mapping_next(m))
		out->mapping[out->n++] = (struct mshare_status_mapping){
			.start = m->start,
			.end = m->end,
			.prot = m->prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
			.flags = (m->prot & MAPPING_LAZY ? MSHARE_MAPPING_LAZY
							 : 0) |
				 (m->prot & MAPPING_KEPT ? MSHARE_MAPPING_KEPT
							 : 0),
		};
}

int region_status_maps(struct region *region, struct mshare_status_maps *out)
{
	const struct extents none = {0};
	struct extents kept;
	int err, fd;

	*out = (struct mshare_status_maps){.version = MSHARE_STATUS_VERSION,
					   .from = out->from};
	pthread_mutex_lock(&region->lock);
	list_maps(region, out);
	err = extents_or(&region->kept, &none, &kept); /* copies it */
	fd = region->fd < 0 ? -1 : fcntl(region->fd, F_DUPFD_CLOEXEC, 0);
	if (!err && region->fd >= 0 && fd < 0)
		err = -errno;
	pthread_mutex_unlock(&region->lock);
	/* Finding present pages takes long: not under the lock. */
	for (uint32_t i = 0; i < out->n && !err; i++)
		err = fill_present(region->backing, fd, &kept,
				   &out->mapping[i]);
	extents_free(&kept);
	if (fd >= 0)
		close(fd);
	return err;
}

static int by_id(const void *a, const void *b)
{
	const struct window *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

int region_status_windows(struct region *region, uid_t asks,
			  struct mshare_status_windows *out)
{
	const uint64_t after = out->after;
	const struct window **list, *w;
	size_t n = 0;

	*out = (struct mshare_status_windows){.version = MSHARE_STATUS_VERSION,
					      .after = after};
	pthread_mutex_lock(&region->lock);
	wait_for_coming(region);
	list = malloc((region->nwindows + 1) * sizeof(struct window *));
	if (!list) {
		pthread_mutex_unlock(&region->lock);
		return -ENOMEM;
	}
	TAILQ_FOREACH (w, &region->windows, entry)
		if (is_settled(w) && w->id > after)
			list[n++] = w;
	qsort(list, n, sizeof(struct window *), by_id);
	for (size_t i = 0; i < n && out->n < MSHARE_STATUS_WINDOWS; i++)
		describe(region, list[i], asks, &out->window[out->n++]);
	pthread_mutex_unlock(&region->lock);
	free(list);
	return 0;
}
