/* SPDX-License-Identifier: MIT */
/* Maps regions in the daemon and fills the page tables of these mappings. */
#include "region/host_window.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "common/address_reserve.h"
#include "common/uffd.h"
#include "memory/backing.h"
#include "region/region_protection.h"

struct host_window {
	SLIST_ENTRY(host_window) entry;
	uint32_t prot;
	uintptr_t base;
};

/*
 * The kernel shares page tables only among mappings with the same flags, so
 * host windows are made exactly like the windows of processes, and registered
 * with a userfaultfd too. One descriptor serves them all.
 */
static int uffd = -1;

/*
 * The most address space that host windows take together. A region needs it in
 * full even if it holds hardly any memory, and the daemon needs some for
 * itself.
 */
#define MAX_TOTAL ((uint64_t)48 << 40)
static _Atomic uint64_t total;

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

/* Finds the first page that eager mappings keep present. */
static bool first_page(struct region *region, uint64_t start, uint64_t end,
		       uint64_t *page)
{
	struct extents present;
	bool found;

	if (mapping_pages(&region->maps, region->backing->page, start, end,
			  MAPPINGS_EAGER, true, &present))
		return false;
	found = present.n;
	if (found)
		*page = present.v[0].start;
	extents_free(&present);
	return found;
}

void host_window_share_again(struct region *region, const struct extent *units)
{
	const uint64_t unit = backing_unit(region->backing);
	uint64_t page;

	for (uint64_t at = units->start; at < units->end; at += unit)
		if (first_page(region, at, at + unit, &page))
			host_window_fill(region, page,
					 page + region->backing->page);
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
	int err = region_protection_steps(region, false, &steps);

	if (!err)
		err = run(win, &steps);
	protection_steps_free(&steps);
	return err;
}

void host_window_apply(struct region *region,
		       const struct protection_steps *steps)
{
	struct host_window *win;
	int err;

	if (uffd < 0)
		return;
	SLIST_FOREACH (win, &region->host_windows, entry) {
		err = run(win, steps);
		if (err)
			log_msg(LOG_WARNING,
				"region %llu: host window: cannot follow a "
				"change: %s",
				(unsigned long long)region->id, strerror(-err));
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

void host_window_add(struct region *region, uint32_t prot)
{
	struct host_window *win;
	int err;

	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	if (!(prot & (PROT_READ | PROT_WRITE)))
		return; /* without access there are no page tables */
	if (!region->backing->shares)
		return; /* no window could share these tables */
	SLIST_FOREACH (win, &region->host_windows, entry)
		if (win->prot == prot)
			return;
	win = malloc(sizeof(*win));
	err = -ENOMEM;
	if (win && atomic_fetch_add(&total, region->size) < MAX_TOTAL)
		err = make(region, prot, win);
	if (err) {
		if (win)
			atomic_fetch_sub(&total, region->size);
		log_msg(LOG_WARNING,
			"region %llu: cannot make a host window: %s; a "
			"process that attaches will take one page fault for "
			"each huge page",
			(unsigned long long)region->id, strerror(-err));
		free(win);
		return;
	}
	SLIST_INSERT_HEAD(&region->host_windows, win, entry);
	fill(region, win, 0, region->size);
}

void host_window_free(struct region *region)
{
	struct host_window *win;

	while ((win = SLIST_FIRST(&region->host_windows))) {
		SLIST_REMOVE_HEAD(&region->host_windows, entry);
		munmap((void *)win->base, region->size);
		atomic_fetch_sub(&total, region->size);
		free(win);
	}
}
