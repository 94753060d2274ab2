/* SPDX-License-Identifier: MIT */
/* Makes, references and frees regions and their backing files. */
#include "region/region_life.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "memory/backing.h"
#include "region/host_window.h"
#include "region/prot_none.h"

struct region *region_new(struct backing *backing)
{
	static atomic_ulong last_id;
	struct region *region = calloc(1, sizeof(*region));
	pthread_condattr_t monotonic;

	if (!region)
		return NULL;
	atomic_init(&region->refs, 1);
	region->backing = backing;
	region->id = atomic_fetch_add(&last_id, 1) + 1;
	pthread_mutex_init(&region->change_lock, NULL);
	pthread_mutex_init(&region->lock, NULL);
	mapping_tree_init(&region->maps);
	region->fd = region->ro_fd = region->kept_fd = -1;
	SLIST_INIT(&region->host_windows);
	TAILQ_INIT(&region->windows);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&region->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return region;
}

struct region *region_get(struct region *region)
{
	atomic_fetch_add(&region->refs, 1);
	return region;
}

/* Makes the backing file when it is first needed. Called under lock. */
static int need_file(struct region *region)
{
	int err, fd, ro_fd;

	if (region->gone)
		return -ESTALE;
	if (region->fd >= 0)
		return 0;
	err = backing_file(region->backing, region->size, &fd, &ro_fd);
	if (err) {
		log_msg(LOG_ERR,
			"region %" PRIu64 ": cannot make the backing "
			"file: %s",
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
		host_window_add(region, prot);
	pthread_mutex_unlock(&region->lock);
}

int region_need_file(struct region *region)
{
	int err;

	pthread_mutex_lock(&region->lock);
	err = need_file(region);
	pthread_mutex_unlock(&region->lock);
	return err;
}

void region_disown(struct region *region)
{
	uint64_t kept;

	pthread_mutex_lock(&region->change_lock);
	pthread_mutex_lock(&region->lock);
	region->gone = true;
	host_window_free(region);
	if (region->fd >= 0) {
		close(region->fd);
		close(region->ro_fd);
		region->fd = region->ro_fd = -1;
	}
	kept = extents_bytes(&region->kept);
	prot_none_free(region);
	region->held -= kept;
	backing_give(region->backing, kept);
	/*
	 * Windows that are left still need the mappings. When the last of them
	 * drops the last reference, region_put() calls this again.
	 */
	if (!region->nwindows)
		mapping_tree_free(&region->maps);
	region_release_if_unused(region);
	pthread_mutex_unlock(&region->lock);
	pthread_mutex_unlock(&region->change_lock);
}

void region_put(struct region *region)
{
	if (atomic_fetch_sub(&region->refs, 1) != 1)
		return;
	region_disown(region);
	pthread_cond_destroy(&region->moved);
	pthread_mutex_destroy(&region->change_lock);
	pthread_mutex_destroy(&region->lock);
	free(region);
}
