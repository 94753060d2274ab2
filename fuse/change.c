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
#include "hostwin.h"
#include "log.h"
#include "populate.h"
#include "windows.h"

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
static void give_if_unused(struct region *region)
{
	if (!region->gone || region->nwindows)
		return;
	backing_give(region->backing, region->held);
	region->held = 0;
}

void region_add_window(struct region *region, struct window *window)
{
	pthread_mutex_lock(&region->lock);
	LIST_INSERT_HEAD(&region->windows, window, entry);
	region->nwindows++;
	pthread_mutex_unlock(&region->lock);
}

void region_remove_window(struct region *region, struct window *window)
{
	pthread_mutex_lock(&region->lock);
	LIST_REMOVE(window, entry);
	region->nwindows--;
	give_if_unused(region);
	pthread_mutex_unlock(&region->lock);
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
	mapping_tree_free(&region->maps);
	give_if_unused(region);
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

/* The parts of range that lie in pages which are there already. */
static int stale_parts(struct region *region, const struct extent *range,
		       struct extents *stale)
{
	int err = mapping_pages(&region->maps, region->backing->page,
				range->start, range->end, true, stale);

	if (err || !stale->n)
		return err;
	if (stale->v[0].start < range->start)
		stale->v[0].start = range->start;
	if (stale->v[stale->n - 1].end > range->end)
		stale->v[stale->n - 1].end = range->end;
	return 0;
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

/* Takes memory for the missing pages; undone whole if that fails. */
static int allocate(struct region *region, const struct extents *missing,
		    const atomic_bool *stop)
{
	uint64_t bytes = extents_bytes(missing);
	int err = backing_can_have(region->backing, bytes)
			  ? backing_take(region->backing, bytes)
			  : -ENOMEM;

	if (!err) {
		if (holes_were_touched(region))
			free_all(region, missing);
		err = populate_allocate(region->fd, region->backing->page,
					missing, stop);
		if (err) {
			free_all(region, missing);
			backing_give(region->backing, bytes);
		}
	}
	if (err == -ENOMEM)
		log_no_memory(region, bytes);
	if (!err)
		region->held += bytes;
	return err;
}

int region_map(struct region *region, const struct extent *range, uint32_t prot,
	       const atomic_bool *stop)
{
	const uint64_t page = region->backing->page;
	struct extents missing = {0}, stale = {0};
	struct mapping_spare spare;
	int err = mapping_spare_get(&spare);

	if (err)
		return err;
	pthread_mutex_lock(&region->change);
	pthread_mutex_lock(&region->lock);
	err = need_file(region);
	pthread_mutex_unlock(&region->lock);
	if (!err)
		err = mapping_pages(&region->maps, page, range->start,
				    range->end, false, &missing);
	if (!err)
		err = stale_parts(region, range, &stale);
	if (!err)
		err = allocate(region, &missing, stop);
	if (err)
		goto out;

	/* Nothing can fail from here on but what a process did to the file. */
	if (populate_zero(region->fd, page, &stale))
		log_msg(LOG_ERR,
			"region %" PRIu64 ": its memory was changed "
			"behind our back",
			region->id);
	pthread_mutex_lock(&region->lock);
	hostwin_add(region, PROT_READ | PROT_WRITE);
	mapping_insert(&region->maps, range->start, range->end, prot, &spare);
	hostwin_fill(region, range->start, range->end);
	pthread_mutex_unlock(&region->lock);
out:
	pthread_mutex_unlock(&region->change);
	extents_free(&missing);
	extents_free(&stale);
	mapping_spare_free(&spare);
	return err;
}

static bool overlaps(struct mapping_tree *maps, uint64_t start, uint64_t end)
{
	struct mapping *m = start < end ? mapping_find(maps, start) : NULL;

	return m && m->start < end;
}

/*
 * The huge pages that nothing needs once range is unmapped: all it touches, but
 * for the first and the last if a mapping beside the range lies in them too.
 */
static struct extent freed_pages(struct region *region,
				 const struct extent *range)
{
	const uint64_t page = region->backing->page;
	struct extent whole = {
		.start = range->start / page * page,
		.end = (range->end + page - 1) / page * page,
	};
	bool head = overlaps(&region->maps, whole.start, range->start);
	bool tail = overlaps(&region->maps, range->end, whole.end);

	if (head)
		whole.start += page;
	if (tail && whole.end > whole.start)
		whole.end -= page;
	return whole;
}

int region_unmap(struct region *region, const struct extent *range)
{
	struct extents present = {0};
	struct mapping_spare spare;
	struct extent freed;
	bool has_file;
	int err = mapping_spare_get(&spare);

	if (err)
		return err;
	pthread_mutex_lock(&region->change);
	freed = freed_pages(region, range);
	err = mapping_pages(&region->maps, region->backing->page, freed.start,
			    freed.end, true, &present);
	if (err)
		goto out;
	pthread_mutex_lock(&region->lock);
	mapping_remove(&region->maps, range->start, range->end, &spare);
	has_file = region->fd >= 0; /* and keeps it while we hold change */
	pthread_mutex_unlock(&region->lock);
	if (has_file && freed.start < freed.end) {
		uint64_t bytes = extents_bytes(&present);

		/* All of it: unguarded windows may have touched holes. */
		err = free_pages(region, &freed);
		region->held -= bytes;
		backing_give(region->backing, bytes);
	}
out:
	pthread_mutex_unlock(&region->change);
	extents_free(&present);
	mapping_spare_free(&spare);
	return err;
}
