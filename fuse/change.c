/* SPDX-License-Identifier: MIT */
#include "change.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backing.h"
#include "control.h"
#include "hostwin.h"
#include "log.h"
#include "populate.h"

/* The backing file is made when it is first needed. Called under the lock. */
static int need_file(struct region *region)
{
	int err, fd, ro_fd;

	if (region->gone)
		return -ESTALE;
	if (region->fd >= 0)
		return 0;
	err = backing_file(region->backing, region->size, &fd, &ro_fd);
	if (err) {
		log_msg(LOG_ERR, "region %" PRIu64 ": no backing file: %s",
			region->id, strerror(-err));
		return err;
	}
	region->fd = fd;
	region->ro_fd = ro_fd;
	return 0;
}

int region_lend(struct region *region, enum window_kind kind)
{
	int fd;

	pthread_mutex_lock(&region->lock);
	fd = need_file(region);
	if (!fd) {
		fd = fcntl(kind == WINDOW_SHARED ? region->fd : region->ro_fd,
			   F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			fd = -errno;
	}
	pthread_mutex_unlock(&region->lock);
	return fd;
}

void region_expect_window(struct region *region, uint32_t prot)
{
	pthread_mutex_lock(&region->lock);
	if (!need_file(region))
		hostwin_add(region, prot);
	pthread_mutex_unlock(&region->lock);
}

/* As long as there are windows, the memory is used, names or not. */
void region_release_if_unused(struct region *region)
{
	if (!region->gone || region->nwindows)
		return;
	backing_give(region->backing, region->held);
	region->held = 0;
}

void region_disown(struct region *region)
{
	pthread_mutex_lock(&region->change);
	pthread_mutex_lock(&region->lock);
	region->gone = true;
	hostwin_free(region);
	if (region->fd >= 0) {
		close(region->fd);
		close(region->ro_fd);
		region->fd = region->ro_fd = -1;
	}
	/* Windows that are left go by them still; the last reference comes. */
	if (!region->nwindows)
		mapping_tree_free(&region->maps);
	region_release_if_unused(region);
	pthread_mutex_unlock(&region->lock);
	pthread_mutex_unlock(&region->change);
}

/*
 * Frees whole pages in every process. That takes shared tables along, one
 * sharing unit at a time, so what stays in those units is entered again.
 */
static int free_pages(struct region *region, const struct extent *pages)
{
	uint64_t unit = backing_unit(region->backing);
	uint64_t start = pages->start / unit * unit;
	uint64_t end = (pages->end + unit - 1) / unit * unit;
	int err = backing_punch(region->fd, pages->start, pages->end);

	if (err)
		log_msg(LOG_ERR, "region %" PRIu64 ": freeing: %s", region->id,
			strerror(-err));
	pthread_mutex_lock(&region->lock);
	hostwin_fill(region, start, end);
	pthread_mutex_unlock(&region->lock);
	return err;
}

static void free_all(struct region *region, const struct extents *list)
{
	for (size_t i = 0; i < list->n; i++)
		free_pages(region, &list->v[i]);
}

/*
 * Whether the file holds more than was mapped: a window whose holes are not
 * guarded, or a program with the file at hand, has touched them.
 */
static bool holes_were_touched(const struct region *region)
{
	struct stat st;

	return !fstat(region->fd, &st) &&
	       (uint64_t)st.st_blocks * 512 > region->held;
}

static void log_no_memory(struct region *region, uint64_t wanted)
{
	struct pool pool;

	backing_pool(region->backing, &pool);
	log_msg(LOG_WARNING,
		"region %" PRIu64 ": no memory for a mapping: %" PRIu64
		" KiB wanted, %" PRIu64 " KiB free of %" PRIu64
		" KiB (%s, pages of %" PRIu64 " KiB)",
		region->id, wanted / 1024, pool.free / 1024, pool.total / 1024,
		region->backing->name, region->backing->page / 1024);
}

/*
 * What a change does to the pages of its range. Memory is promised to those
 * that an eager mapping overlaps, and counted; a lazy one takes it unseen.
 */
struct work {
	struct control control;
	struct extents wanted; /* to be filled */
	struct extents fresh;  /* no mapping has use for them yet */
	struct extents stale;  /* bytes to be zeroed, in pages that are there */
	struct extents wiped;  /* the same, in pages that may not be there */
	struct extent freed;   /* only what is replaced or removed needs them */
	uint64_t released;     /* bytes that were promised and are no more */
	struct mapping_spare spare;
};

static void work_free(struct work *work)
{
	control_free(&work->control);
	extents_free(&work->wanted);
	extents_free(&work->fresh);
	extents_free(&work->stale);
	extents_free(&work->wiped);
	mapping_spare_free(&work->spare);
}

/* Without any access there is nothing to hold memory for. */
static bool is_usable(uint32_t prot)
{
	return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

static bool is_eager(uint32_t prot)
{
	return is_usable(prot) && !(prot & MAPPING_LAZY);
}

/* Whether a mapping that needs a page's memory is there; or one that has it. */
static bool overlaps(struct mapping_tree *maps, uint64_t start, uint64_t end,
		     bool eager)
{
	struct mapping *m = start < end ? mapping_find(maps, start) : NULL;

	for (; m && m->start < end; m = mapping_next(m))
		if (eager ? is_eager(m->prot) : is_usable(m->prot))
			return true;
	return false;
}

/* The first and the last page of a range, as far as they reach beyond it. */
struct edges {
	struct extent head; /* before the range */
	struct extent tail; /* behind it */
};

static struct edges edges_of(const struct extent *range, uint64_t page)
{
	return (struct edges){
		.head = {range->start / page * page, range->start},
		.tail = {range->end, (range->end + page - 1) / page * page},
	};
}

/*
 * The huge pages that nothing but range needs: all it touches, but for the
 * first and the last if a mapping beside the range lies in them too.
 */
static struct extent freed_pages(struct region *region,
				 const struct extent *range)
{
	const uint64_t page = region->backing->page;
	struct edges e = edges_of(range, page);
	struct extent whole = {.start = e.head.start, .end = e.tail.end};

	if (overlaps(&region->maps, e.head.start, e.head.end, false))
		whole.start += page;
	if (overlaps(&region->maps, e.tail.start, e.tail.end, false) &&
	    whole.end > whole.start)
		whole.end -= page;
	return whole;
}

/* Bytes of pages that eager mappings beside range lie in, too. */
static uint64_t kept_pages(struct region *region, const struct extent *range)
{
	const uint64_t page = region->backing->page;
	struct edges e = edges_of(range, page);
	bool head = overlaps(&region->maps, e.head.start, e.head.end, true);
	bool tail = overlaps(&region->maps, e.tail.start, e.tail.end, true);

	if (e.tail.end - e.head.start == page)
		return head || tail ? page : 0;
	return (head ? page : 0) + (tail ? page : 0);
}

/* Pages of range, which mappings of the class overlap or do not. */
static int list_pages(struct region *region, const struct extent *range,
		      enum mapping_class which, bool inside,
		      struct extents *list)
{
	return mapping_pages(&region->maps, region->backing->page, range->start,
			     range->end, which, inside, list);
}

/* range will have no promised memory any more. */
static int plan_release(struct region *region, const struct extent *range,
			struct work *work)
{
	struct extents promised;
	int err = list_pages(region, range, MAPPINGS_EAGER, true, &promised);

	if (err)
		return err;
	work->released = extents_bytes(&promised) - kept_pages(region, range);
	work->freed = freed_pages(region, range);
	extents_free(&promised);
	return 0;
}

/* The mappings are changed; what only the old ones needed goes. */
static int release(struct region *region, const struct work *work)
{
	int err = 0;

	/* All of it: whoever could has touched what was not promised. */
	if (region->fd >= 0 && work->freed.start < work->freed.end)
		err = free_pages(region, &work->freed);
	region->held -= work->released;
	backing_give(region->backing, work->released);
	return err;
}

/* Takes memory for the wanted pages; undone whole if that fails. */
static int allocate(struct region *region, const struct work *work,
		    const atomic_bool *stop)
{
	uint64_t bytes = extents_bytes(&work->wanted);
	int err = backing_can_have(region->backing, bytes)
			  ? backing_take(region->backing, bytes)
			  : -ENOMEM;

	if (!err) {
		if (holes_were_touched(region))
			free_all(region, &work->fresh);
		err = populate_allocate(region->fd, region->backing->page,
					&work->wanted, stop);
		if (err) {
			free_all(region, &work->fresh);
			backing_give(region->backing, bytes);
		}
	}
	if (err == -ENOMEM)
		log_no_memory(region, bytes);
	if (!err)
		region->held += bytes;
	return err;
}

/* All memory of range will be there: what has something in it is zeroed. */
static int plan_eager(struct region *region, const struct extent *range,
		      struct work *work)
{
	struct extents *stale = &work->stale;
	int err =
		list_pages(region, range, MAPPINGS_EAGER, false, &work->wanted);

	if (!err)
		err = list_pages(region, range, MAPPINGS_USABLE, true, stale);
	if (err || !stale->n)
		return err;
	if (stale->v[0].start < range->start)
		stale->v[0].start = range->start;
	if (stale->v[stale->n - 1].end > range->end)
		stale->v[stale->n - 1].end = range->end;
	return 0;
}

/* What lies in a page that a mapping beside range needs. */
static int plan_rest(struct region *region, uint64_t start, uint64_t end,
		     struct work *work)
{
	const struct extent rest = {start, end};
	struct extents there;
	int err;

	if (start >= end)
		return 0;
	err = list_pages(region, &rest, MAPPINGS_EAGER, true, &there);
	if (!err)
		err = extents_add(there.n ? &work->stale : &work->wiped, start,
				  end);
	extents_free(&there);
	return err;
}

/* range gets its memory later, or never: what it has now goes. */
static int plan_lazy(struct region *region, const struct extent *range,
		     struct work *work)
{
	const struct extent *freed = &work->freed;
	int err = plan_release(region, range, work);

	if (!err)
		err = plan_rest(region, range->start,
				freed->start < range->end ? freed->start
							  : range->end,
				work);
	if (!err)
		err = plan_rest(region,
				freed->end > range->start ? freed->end
							  : range->start,
				range->end, work);
	return err;
}

static int plan_map(struct region *region, const struct extent *range,
		    uint32_t prot, struct work *work)
{
	int err = mapping_spare_get(&work->spare);

	if (!err)
		err = control_plan(region, range, true, prot, &work->control);
	if (!err)
		err = list_pages(region, range, MAPPINGS_USABLE, false,
				 &work->fresh);
	if (!err)
		err = is_eager(prot) ? plan_eager(region, range, work)
				     : plan_lazy(region, range, work);
	return err;
}

/* Nothing can fail from here on but what a process did to the file. */
static void zero(struct region *region, const struct work *work)
{
	int err =
		populate_zero(region->fd, region->backing->page, &work->stale);

	for (size_t i = 0; i < work->wiped.n && !err; i++)
		err = backing_punch(region->fd, work->wiped.v[i].start,
				    work->wiped.v[i].end);
	if (err)
		log_msg(LOG_ERR,
			"region %" PRIu64 ": its memory was changed "
			"behind our back: %s",
			region->id, strerror(-err));
}

static int need_file_locked(struct region *region)
{
	int err;

	pthread_mutex_lock(&region->lock);
	err = need_file(region);
	pthread_mutex_unlock(&region->lock);
	return err;
}

static int map(struct region *region, const struct extent *range, uint32_t prot,
	       const atomic_bool *stop, struct work *work)
{
	int err = need_file_locked(region);

	if (!err)
		err = plan_map(region, range, prot, work);
	if (!err)
		err = control_tighten(region, &work->control);
	if (err)
		return err;
	if (is_eager(prot))
		err = allocate(region, work, stop);
	if (err) {
		control_undo(region, &work->control);
		return err;
	}
	if (is_eager(prot))
		zero(region, work);
	pthread_mutex_lock(&region->lock);
	hostwin_add(region, PROT_READ | PROT_WRITE);
	mapping_insert(&region->maps, range->start, range->end, prot,
		       &work->spare);
	control_changed(region);
	hostwin_fill(region, range->start, range->end);
	pthread_mutex_unlock(&region->lock);
	if (!is_eager(prot)) {
		err = release(region, work);
		zero(region, work);
	}
	control_relax(region, &work->control);
	return err;
}

int region_map(struct region *region, const struct extent *range, uint32_t prot,
	       const atomic_bool *stop)
{
	struct work work = {0};
	int err;

	pthread_mutex_lock(&region->change);
	/* Only now it is certain: region_end() waits for us, or we for it. */
	err = region_has_ended(region) ? -EINVAL
				       : map(region, range, prot, stop, &work);
	pthread_mutex_unlock(&region->change);
	work_free(&work);
	return err;
}

static int unmap(struct region *region, const struct extent *range,
		 struct work *work)
{
	int err = mapping_spare_get(&work->spare);

	/* Nobody can reach it any more but windows, which keep what they have
	 */
	if (!err && region->gone)
		return 0;
	if (!err)
		err = control_plan(region, range, false, 0, &work->control);
	if (!err)
		err = plan_release(region, range, work);
	if (!err)
		err = control_tighten(region, &work->control);
	if (err)
		return err;
	pthread_mutex_lock(&region->lock);
	mapping_remove(&region->maps, range->start, range->end, &work->spare);
	control_changed(region);
	pthread_mutex_unlock(&region->lock);
	err = release(region, work);
	control_relax(region, &work->control);
	return err;
}

int region_unmap(struct region *region, const struct extent *range)
{
	struct work work = {0};
	int err;

	pthread_mutex_lock(&region->change);
	err = unmap(region, range, &work);
	pthread_mutex_unlock(&region->change);
	work_free(&work);
	return err;
}

void region_end(struct region *region)
{
	struct extent all = {0};
	int err = 0;

	pthread_mutex_lock(&region->lock);
	region->ended = true;
	all.end = region->size;
	pthread_mutex_unlock(&region->lock);
	if (all.end)
		err = region_unmap(region, &all);
	if (err)
		log_msg(LOG_ERR, "region %" PRIu64 ": ending it: %s",
			region->id, strerror(-err));
}
