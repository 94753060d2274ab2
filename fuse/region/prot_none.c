/* SPDX-License-Identifier: MIT */
/* Moves pages between a region's file and its file of kept pages. */
#include "region/prot_none.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/quota.h"
#include "common/uffd.h"
#include "memory/backing.h"
#include "memory/populate.h"
#include "memory/present_pages.h"

/* How often bring_back() tries to install pages at once. */
#define TRIES 20

static int plan_away(const struct prot_none_request *request,
		     struct prot_none *moves)
{
	struct extents left;
	int err = extents_minus(request->usable_before, request->usable_after,
				&left);

	if (err)
		return err;
	err = extents_and(&left, request->kept_after, &moves->away);
	extents_free(&left);
	return err;
}

static int plan_back(const struct prot_none_request *request,
		     const struct extents *kept, struct prot_none *moves)
{
	struct extents needed;
	int err = extents_and(request->usable_after,
			      request->back_all ? kept : request->kept_after,
			      &needed);

	if (err)
		return err;
	err = extents_and(&needed, kept, &moves->back);
	extents_free(&needed);
	return err;
}

/* kept: the pages of the request that are kept now. */
static int plan_unused(const struct prot_none_request *request,
		       const struct extents *kept, struct prot_none *moves)
{
	struct extents stays, needed;
	int err = extents_minus(request->kept_after, request->usable_after,
				&needed);

	if (err)
		return err;
	err = extents_and(kept, &needed, &stays);
	if (!err)
		err = extents_minus(kept, &stays, &moves->unused);
	extents_free(&needed);
	extents_free(&stays);
	return err;
}

static int plan_kept_after(struct region *region, struct prot_none *moves)
{
	struct extents left;
	int err = extents_minus(&region->kept, &moves->unused, &left);

	if (err)
		return err;
	err = extents_or(&left, &moves->away, &moves->kept_after);
	extents_free(&left);
	return err;
}

int prot_none_find(struct region *region, struct prot_none *moves,
		   const atomic_bool *stop)
{
	struct extents *list = &moves->away;
	struct extents there, both;
	int err;

	if (!list->n)
		return 0;
	err = present_pages(region->backing, region->fd, list, stop, &there);
	if (err)
		return err;
	err = extents_and(list, &there, &both);
	extents_free(&there);
	if (err)
		return err;
	extents_free(list);
	*list = both;
	extents_free(&moves->kept_after);
	return plan_kept_after(region, moves);
}

int prot_none_plan(struct region *region,
		   const struct prot_none_request *request,
		   struct prot_none *moves)
{
	struct extents kept;
	int err = extents_and(&region->kept, request->pages, &kept);

	*moves = (struct prot_none){{0}, {0}, {0}, {0}};
	if (!err)
		err = plan_away(request, moves);
	if (!err)
		err = plan_back(request, &kept, moves);
	if (!err)
		err = plan_unused(request, &kept, moves);
	if (!err)
		err = plan_kept_after(region, moves);
	extents_free(&kept);
	if (err)
		prot_none_plan_free(moves);
	return err;
}

void prot_none_plan_free(struct prot_none *moves)
{
	extents_free(&moves->away);
	extents_free(&moves->back);
	extents_free(&moves->unused);
	extents_free(&moves->kept_after);
}

uint64_t prot_none_takes(const struct prot_none *moves)
{
	return extents_bytes(&moves->away);
}

uint64_t prot_none_gives(const struct prot_none *moves)
{
	return extents_bytes(&moves->unused);
}

static int need_file(struct region *region)
{
	int err, fd, ro_fd;

	if (region->kept_fd >= 0)
		return 0;
	err = user_charge(region->user, QUOTA_DESCRIPTORS, 1);
	if (err)
		return err;
	err = backing_file(region->backing, region->size, &fd, &ro_fd);
	if (err) {
		user_release(region->user, QUOTA_DESCRIPTORS, 1);
		return err;
	}
	close(ro_fd);
	pthread_mutex_lock(&region->lock);
	region->kept_fd = fd;
	pthread_mutex_unlock(&region->lock);
	return 0;
}

/*
 * Frees pages. After a failure, which is logged, the others stay allocated
 * until the region ends.
 */
static void punch(struct region *region, int fd, const struct extents *list)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		err = backing_punch(fd, list->v[i].start, list->v[i].end);
	if (err)
		log_each(LOG_ERR,
			 "region %" PRIu64 ": cannot free pages of PROT_NONE "
			 "mappings: %s",
			 region->id, strerror(-err));
}

/*
 * Windows whose holes are not guarded can touch pages that nobody may use; what
 * they put there is dropped. If they do so again and again, the contents are
 * copied into the pages they made.
 */
static int bring_back(struct region *region, const struct prot_none *moves,
		      const atomic_bool *stop)
{
	int err = -EEXIST;

	for (int i = 0; i < TRIES && err == -EEXIST; i++) {
		punch(region, region->fd, &moves->back);
		err = populate_install(region->kept_fd, region->fd,
				       region->backing->page, &moves->back,
				       stop);
	}
	if (err == -EEXIST)
		err = populate_copy(region->kept_fd, region->fd,
				    region->backing->page, &moves->back, stop);
	return err;
}

/* Nothing is moved away that populate_install() could not bring back. */
static int can_bring_back(void)
{
	int uffd = uffd_open();

	if (uffd < 0)
		return populate_refused(uffd);
	close(uffd);
	return 0;
}

int prot_none_copy(struct region *region, const struct prot_none *moves,
		   const atomic_bool *stop)
{
	const uint64_t page = region->backing->page;
	int err;

	if (!moves->away.n && !moves->back.n)
		return 0;
	err = need_file(region);
	if (!err)
		err = can_bring_back();
	if (!err && moves->back.n)
		err = bring_back(region, moves, stop);
	if (!err)
		err = populate_copy(region->fd, region->kept_fd, page,
				    &moves->away, stop);
	return err;
}

void prot_none_undo(struct region *region, const struct prot_none *moves)
{
	if (region->kept_fd < 0)
		return;
	punch(region, region->fd, &moves->back);
	punch(region, region->kept_fd, &moves->away);
}

void prot_none_changed(struct region *region, struct prot_none *moves)
{
	extents_free(&region->kept);
	region->kept = moves->kept_after;
	moves->kept_after = (struct extents){0};
}

void prot_none_finish(struct region *region, const struct prot_none *moves)
{
	if (region->kept_fd >= 0)
		punch(region, region->kept_fd, &moves->unused);
}

void prot_none_free(struct region *region)
{
	if (region->kept_fd >= 0) {
		close(region->kept_fd);
		user_release(region->user, QUOTA_DESCRIPTORS, 1);
	}
	region->kept_fd = -1;
	extents_free(&region->kept);
}
