/* SPDX-License-Identifier: MIT */
#include "region/prot_none.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "memory/backing.h"
#include "base/log.h"
#include "memory/populate.h"
#include "memory/present_pages.h"
#include "common/uffd.h"

#define TRIES 20

static int plan_put(const struct prot_none_request *plan,
		    struct prot_none *keep)
{
	struct extents left;
	int err = extents_minus(plan->usable_now, plan->usable_then, &left);

	if (err)
		return err;
	err = extents_and(&left, plan->kept_then, &keep->put);
	extents_free(&left);
	return err;
}

static int plan_back(const struct prot_none_request *plan,
		     const struct extents *kept, struct prot_none *keep)
{
	struct extents needed;
	int err = extents_and(plan->usable_then,
			      plan->back_all ? kept : plan->kept_then, &needed);

	if (err)
		return err;
	err = extents_and(&needed, kept, &keep->back);
	extents_free(&needed);
	return err;
}

/* kept: what is, of the pages that are touched */
static int plan_gone(const struct prot_none_request *plan,
		     const struct extents *kept, struct prot_none *keep)
{
	struct extents stays, needed;
	int err = extents_minus(plan->kept_then, plan->usable_then, &needed);

	if (err)
		return err;
	err = extents_and(kept, &needed, &stays);
	if (!err)
		err = extents_minus(kept, &stays, &keep->gone);
	extents_free(&needed);
	extents_free(&stays);
	return err;
}

static int plan_then(struct region *region, struct prot_none *keep)
{
	struct extents left;
	int err = extents_minus(&region->kept, &keep->gone, &left);

	if (err)
		return err;
	err = extents_or(&left, &keep->put, &keep->then);
	extents_free(&left);
	return err;
}

int prot_none_find(struct region *region, struct prot_none *keep)
{
	struct extents *list = &keep->put;
	struct extents there, both;
	int err;

	if (!list->n)
		return 0;
	err = present_pages(region->backing, region->fd, list->v[0].start,
			    list->v[list->n - 1].end, &there);
	if (err)
		return err;
	err = extents_and(list, &there, &both);
	extents_free(&there);
	if (err)
		return err;
	extents_free(list);
	*list = both;
	extents_free(&keep->then);
	return plan_then(region, keep);
}

int prot_none_plan(struct region *region, const struct prot_none_request *plan,
		   struct prot_none *keep)
{
	struct extents kept;
	int err = extents_and(&region->kept, plan->pages, &kept);

	*keep = (struct prot_none){{0}, {0}, {0}, {0}};
	if (!err)
		err = plan_put(plan, keep);
	if (!err)
		err = plan_back(plan, &kept, keep);
	if (!err)
		err = plan_gone(plan, &kept, keep);
	if (!err)
		err = plan_then(region, keep);
	extents_free(&kept);
	if (err)
		prot_none_plan_free(keep);
	return err;
}

void prot_none_plan_free(struct prot_none *keep)
{
	extents_free(&keep->put);
	extents_free(&keep->back);
	extents_free(&keep->gone);
	extents_free(&keep->then);
}

uint64_t prot_none_takes(const struct prot_none *keep)
{
	return extents_bytes(&keep->put);
}

uint64_t prot_none_gives(const struct prot_none *keep)
{
	return extents_bytes(&keep->gone);
}

static int need_file(struct region *region)
{
	int err, fd, ro_fd;

	if (region->kept_fd >= 0)
		return 0;
	err = backing_file(region->backing, region->size, &fd, &ro_fd);
	if (err)
		return err;
	close(ro_fd);
	pthread_mutex_lock(&region->lock);
	region->kept_fd = fd;
	pthread_mutex_unlock(&region->lock);
	return 0;
}

/* In the order of the list; a failure is logged, and leaks until the end. */
static void punch(struct region *region, int fd, const struct extents *list)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		err = backing_punch(fd, list->v[i].start, list->v[i].end);
	if (err)
		log_msg(LOG_ERR,
			"region %" PRIu64 ": freeing what was kept: %s",
			region->id, strerror(-err));
}

/*
 * Whatever gets into pages that nobody may use, by windows whose holes are not
 * guarded, is not what was kept. If they do not give us the time to bring it
 * back at once, it comes all the same.
 */
static int bring_back(struct region *region, const struct prot_none *keep,
		      const atomic_bool *stop)
{
	int err = -EEXIST;

	for (int i = 0; i < TRIES && err == -EEXIST; i++) {
		punch(region, region->fd, &keep->back);
		err = populate_install(region->kept_fd, region->fd,
				       region->backing->page, &keep->back,
				       stop);
	}
	if (err == -EEXIST)
		err = populate_copy(region->kept_fd, region->fd,
				    region->backing->page, &keep->back, stop);
	return err;
}

/* What is moved away must be able to come back. */
static int can_bring_back(void)
{
	int uffd = uffd_open();

	if (uffd < 0)
		return populate_refused(uffd);
	close(uffd);
	return 0;
}

int prot_none_copy(struct region *region, const struct prot_none *keep,
		   const atomic_bool *stop)
{
	const uint64_t page = region->backing->page;
	int err;

	if (!keep->put.n && !keep->back.n)
		return 0;
	err = need_file(region);
	if (!err)
		err = can_bring_back();
	if (!err && keep->back.n)
		err = bring_back(region, keep, stop);
	if (!err)
		err = populate_copy(region->fd, region->kept_fd, page,
				    &keep->put, stop);
	return err;
}

void prot_none_undo(struct region *region, const struct prot_none *keep)
{
	if (region->kept_fd < 0)
		return;
	punch(region, region->fd, &keep->back);
	punch(region, region->kept_fd, &keep->put);
}

void prot_none_changed(struct region *region, struct prot_none *keep)
{
	extents_free(&region->kept);
	region->kept = keep->then;
	keep->then = (struct extents){0};
}

void prot_none_zero(struct region *region, const struct extent *range)
{
	int err = 0;

	for (size_t i = 0; i < region->kept.n && !err; i++) {
		struct extent e = region->kept.v[i];
		const struct extents one = {.v = &e, .n = 1};

		if (e.start < range->start)
			e.start = range->start;
		if (e.end > range->end)
			e.end = range->end;
		if (e.start < e.end)
			err = populate_zero(region->kept_fd,
					    region->backing->page, &one);
	}
	if (err)
		log_msg(LOG_ERR, "region %" PRIu64 ": zeroing what is kept: %s",
			region->id, strerror(-err));
}

void prot_none_finish(struct region *region, const struct prot_none *keep)
{
	if (region->kept_fd >= 0)
		punch(region, region->kept_fd, &keep->gone);
}

void prot_none_free(struct region *region)
{
	if (region->kept_fd >= 0)
		close(region->kept_fd);
	region->kept_fd = -1;
	extents_free(&region->kept);
}
