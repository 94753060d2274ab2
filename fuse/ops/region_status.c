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

/*
 * How often a query asks the kernel about pages of lazy mappings, 1.6 us each:
 * mappings of 4 GiB in huge pages are looked at whole.
 */
#define MAX_LOOKS 2048

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

/* What region_status_maps() takes from the region, to work without its lock. */
struct snapshot {
	const struct backing *backing;
	int fd;
	struct extents kept;
	struct extents eager; /* pages that are present for sure */
	struct present_search search;
};

/*
 * The memory of a lazy mapping's pages. If the search gives up, all that is in
 * the file and was not found may be in the pages that it did not look at.
 */
static int fill_lazy(struct snapshot *s, const struct extents *pages,
		     struct mshare_status_mapping *m)
{
	struct extents sure = {0}, rest = {0}, found = {0};
	int err = extents_and(pages, &s->eager, &sure);

	if (!err)
		err = extents_minus(pages, &s->eager, &rest);
	if (!err)
		err = present_search(s->backing, s->fd, &rest, &s->search,
				     &found);
	m->present = extents_bytes(&sure) + extents_bytes(&found);
	if (!err && s->search.unseen) {
		m->flags |= MSHARE_MAPPING_AT_MOST;
		m->present += s->search.unseen < s->search.left
				      ? s->search.unseen
				      : s->search.left;
	}
	extents_free(&sure);
	extents_free(&rest);
	extents_free(&found);
	return err;
}

/* Sets m->present: the memory that the mapping's pages take. */
static int fill_present(struct snapshot *s, struct mshare_status_mapping *m)
{
	struct extent pages =
		extent_rounded(m->start, m->end, s->backing->page);
	const struct extents only = {.v = &pages, .n = 1};
	struct extents there = {0};
	int err = 0;

	if (m->prot && m->flags & MSHARE_MAPPING_LAZY &&
	    !(m->flags & MSHARE_MAPPING_KEPT))
		return fill_lazy(s, &only, m);
	if (m->flags & MSHARE_MAPPING_KEPT)
		err = extents_and(&s->kept, &only, &there);
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

/* Called under lock. 0 or -errno; the caller frees the snapshot in any case. */
static int take_snapshot(struct region *region, struct snapshot *s)
{
	const struct extents none = {0};
	uint64_t there = present_bytes(region->fd), sure;
	int err = extents_or(&region->kept, &none, &s->kept); /* copies it */

	s->backing = region->backing;
	if (!err)
		err = mapping_pages(&region->maps, s->backing->page, 0,
				    region->size, MAPPINGS_EAGER, true,
				    &s->eager);
	if (!err && region->fd >= 0) {
		s->fd = fcntl(region->fd, F_DUPFD_CLOEXEC, 0);
		err = s->fd < 0 ? -errno : 0;
	}
	sure = extents_bytes(&s->eager);
	s->search = (struct present_search){
		.left = there > sure ? there - sure : 0,
		.looks = MAX_LOOKS,
	};
	return err;
}

static void snapshot_free(struct snapshot *s)
{
	extents_free(&s->kept);
	extents_free(&s->eager);
	if (s->fd >= 0)
		close(s->fd);
}

int region_status_maps(struct region *region, struct mshare_status_maps *out)
{
	struct snapshot s = {.fd = -1};
	int err;

	*out = (struct mshare_status_maps){.version = MSHARE_STATUS_VERSION,
					   .from = out->from};
	pthread_mutex_lock(&region->lock);
	list_maps(region, out);
	err = take_snapshot(region, &s);
	pthread_mutex_unlock(&region->lock);
	/* Finding present pages takes long: not under the lock. */
	for (uint32_t i = 0; i < out->n && !err; i++)
		err = fill_present(&s, &out->mapping[i]);
	snapshot_free(&s);
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
