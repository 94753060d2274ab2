/* SPDX-License-Identifier: MIT */
/* Maps regions in the daemon and fills the page tables of these mappings. */
#include "region/host_window.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/quota.h"
#include "common/address_reserve.h"
#include "common/uffd.h"
#include "memory/backing.h"
#include "region/region_protection.h"

struct host_window {
	SLIST_ENTRY(host_window) entry;
	uint32_t prot;
	uintptr_t base;
	uint64_t areas; /* counted in total_areas, and charged */
};

/*
 * The kernel shares page tables only among mappings with the same flags, so
 * host windows are made exactly like the windows of processes, and registered
 * with a userfaultfd too. One descriptor serves them all.
 */
static int uffd = -1;

static _Atomic uint64_t total; /* HOST_BYTES at most */

/*
 * The areas of address space (vm.max_map_count) that they take together, at
 * most. The daemon needs a quarter of its areas for all else it maps.
 */
static _Atomic uint64_t total_areas;

/*
 * At most so many areas are in a host window: each lazy mapping can be one, and
 * so can what lies between.
 */
static uint64_t areas_in(const struct region *region)
{
	uint64_t n = region->maps.n > region->charged ? region->maps.n
						      : region->charged;

	return region->special ? 2 * n + 1 : 1;
}

/* 0 or -ENOMEM: counts the areas that the window will have at most. */
static int take_areas(struct region *region, struct host_window *win)
{
	const uint64_t n = areas_in(region);
	uint64_t more = n > win->areas ? n - win->areas : 0;

	if (user_charge(region->user, QUOTA_HOST_AREAS, more))
		return -ENOMEM;
	if (atomic_fetch_add(&total_areas, more) + more >
	    quota_areas() / 4 * 3) {
		atomic_fetch_sub(&total_areas, more);
		user_release(region->user, QUOTA_HOST_AREAS, more);
		return -ENOMEM;
	}
	win->areas += more;
	return 0;
}

static void give_areas(struct region *region, struct host_window *win)
{
	atomic_fetch_sub(&total_areas, win->areas);
	user_release(region->user, QUOTA_HOST_AREAS, win->areas);
	win->areas = 0;
}

static int take_space(struct region *region)
{
	const uint64_t size = region->size;

	if (user_charge(region->user, QUOTA_HOST_BYTES, size))
		return -ENOMEM;
	if (atomic_fetch_add(&total, size) + size <= HOST_BYTES)
		return 0;
	atomic_fetch_sub(&total, size);
	user_release(region->user, QUOTA_HOST_BYTES, size);
	return -ENOMEM;
}

static void give_space(struct region *region)
{
	atomic_fetch_sub(&total, region->size);
	user_release(region->user, QUOTA_HOST_BYTES, region->size);
}

void host_window_init(void)
{
	uffd = uffd_open();
	if (uffd < 0)
		log_msg(LOG_WARNING,
			"the kernel refuses the daemon a userfaultfd (%s): a "
			"process that attaches will take one page fault for "
			"each huge page; allow userfaultfd(2) (seccomp?)",
			strerror(-uffd));
}

static void fill(struct region *region, struct host_window *win, uint64_t start,
		 uint64_t end)
{
	int advice = win->prot & PROT_WRITE ? MADV_POPULATE_WRITE
					    : MADV_POPULATE_READ;
	struct extents present;

	if (mapping_pages(&region->maps, region->backing->page, start, end,
			  MAPPINGS_EAGER, true, &present))
		return;
	for (size_t i = 0; i < present.n; i++) {
		struct extent *e = &present.v[i];

		if (madvise((void *)(win->base + e->start), e->end - e->start,
			    advice))
			log_msg(LOG_DEBUG,
				"region %llu: host window: cannot fill page "
				"tables: %s",
				(unsigned long long)region->id,
				strerror(errno));
	}
	extents_free(&present);
}

void host_window_fill(struct region *region, uint64_t start, uint64_t end)
{
	struct host_window *win;

	SLIST_FOREACH (win, &region->host_windows, entry)
		fill(region, win, start, end);
}

/*
 * Fills one page of each unit in which eager mappings keep some present. Visits
 * these units alone: a range may have far more units than memory.
 */
void host_window_share_again(struct region *region, const struct extent *units)
{
	const uint64_t unit = backing_unit(region->backing);
	const uint64_t page = region->backing->page;
	struct extents present;
	uint64_t next = units->start;

	if (SLIST_EMPTY(&region->host_windows) ||
	    mapping_pages(&region->maps, page, units->start, units->end,
			  MAPPINGS_EAGER, true, &present))
		return;
	for (size_t i = 0; i < present.n; i++) {
		uint64_t at = present.v[i].start;

		if (at < next)
			at = next;
		for (; at < present.v[i].end; at = next) {
			host_window_fill(region, at, at + page);
			next = at / unit * unit + unit;
		}
	}
	extents_free(&present);
}

/*
 * Page tables are shared only between ranges that are registered in the same
 * way, so the registration of host windows follows that of windows. Host
 * windows are never protected: tables of write-protected ranges are not shared.
 */
static int run(const struct host_window *win,
	       const struct protection_steps *steps)
{
	int err = 0;

	for (size_t i = 0; i < steps->n && !err; i++)
		err = uffd_do(uffd, win->base, &steps->v[i]);
	return err;
}

static int register_pieces(struct region *region, const struct host_window *win)
{
	struct protection_steps steps;
	int err = region_protection_steps(region, PAGE_OPEN, &steps);

	if (!err)
		err = run(win, &steps);
	protection_steps_free(&steps);
	return err;
}

static void drop(struct region *region, struct host_window *win)
{
	SLIST_REMOVE(&region->host_windows, win, host_window, entry);
	munmap((void *)win->base, region->size);
	give_areas(region, win);
	give_space(region);
	free(win);
}

void host_window_apply(struct region *region,
		       const struct protection_steps *steps)
{
	struct host_window *win, *next;
	int err;

	if (uffd < 0)
		return;
	SLIST_FOREACH_SAFE (win, &region->host_windows, entry, next) {
		err = steps->n ? take_areas(region, win) : 0;
		if (err) {
			drop(region, win);
			continue;
		}
		err = run(win, steps);
		if (err)
			log_each(LOG_WARNING,
				 "region %llu: host window: cannot follow a "
				 "change: %s",
				 (unsigned long long)region->id,
				 strerror(-err));
	}
}

static int make(struct region *region, uint32_t prot, struct host_window *win)
{
	struct placement p = {
		.place = PLACE_ANY,
		.size = region->size,
		.align = backing_unit(region->backing),
	};
	int err = address_reserve_and_map(&p, WINDOW_SHARED, region->fd,
					  &win->base);

	if (err)
		return err;
	win->prot = prot;
	if (uffd >= 0)
		err = uffd_register(uffd, win->base, p.size);
	if (!err && uffd >= 0)
		err = register_pieces(region, win);
	if (!err && mprotect((void *)win->base, p.size, (int)prot))
		err = -errno;
	if (err)
		munmap((void *)win->base, p.size);
	return err;
}

/* Nobody notices but by his page faults, so this says little. */
static void log_none(const struct region *region, int err)
{
	static struct log_limit limit;

	log_limited(&limit, LOG_WARNING,
		    "region %llu: cannot make a host window: %s; a "
		    "process that attaches will take one page fault for "
		    "each huge page",
		    (unsigned long long)region->id, strerror(-err));
}

/* Makes the window, if its user and all users together may have it. */
static struct host_window *add(struct region *region, uint32_t prot)
{
	struct host_window *win = calloc(1, sizeof(*win));
	int err;

	if (!win || take_areas(region, win))
		goto release;
	if (take_space(region))
		goto areas;
	err = make(region, prot, win);
	if (!err)
		return win;
	log_none(region, err);
	give_space(region);
areas:
	give_areas(region, win);
release:
	free(win);
	return NULL;
}

void host_window_add(struct region *region, uint32_t prot)
{
	struct host_window *win;

	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	if (!(prot & (PROT_READ | PROT_WRITE)))
		return; /* without access there are no page tables */
	if (!region->backing->shares)
		return; /* no window could share these tables */
	SLIST_FOREACH (win, &region->host_windows, entry)
		if (win->prot == prot)
			return;
	win = add(region, prot);
	if (!win)
		return;
	SLIST_INSERT_HEAD(&region->host_windows, win, entry);
	fill(region, win, 0, region->size);
}

void host_window_free(struct region *region)
{
	struct host_window *win;

	while ((win = SLIST_FIRST(&region->host_windows)))
		drop(region, win);
}
