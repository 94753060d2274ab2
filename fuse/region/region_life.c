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
#include "base/quota.h"
#include "memory/backing.h"
#include "region/host_window.h"
#include "region/prot_none.h"

/* A backing file takes two: for windows that can be written, and others. */
#define FILE_DESCRIPTORS 2

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
	err = user_charge(region->user, QUOTA_DESCRIPTORS, FILE_DESCRIPTORS);
	if (err)
		return err;
	err = backing_file(region->backing, region->size, &fd, &ro_fd);
	if (err) {
		user_release(region->user, QUOTA_DESCRIPTORS, FILE_DESCRIPTORS);
		log_each(LOG_ERR,
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

/* Called under lock. */
static bool may_be_asked(struct region *region)
{
	struct mapping *m;

	if (!region->nwindows || !region->special)
		return false;
	for (m = mapping_find(&region->maps, 0); m; m = mapping_next(m))
		if (m->prot & MAPPING_LAZY)
			return true;
	return false;
}

static void close_files(struct region *region)
{
	if (region->ro_fd >= 0)
		close(region->ro_fd);
	region->ro_fd = -1;
	if (region->fd < 0 || may_be_asked(region))
		return;
	close(region->fd);
	region->fd = -1;
	user_release(region->user, QUOTA_DESCRIPTORS, FILE_DESCRIPTORS);
}

void region_disown(struct region *region)
{
	uint64_t kept;

	pthread_mutex_lock(&region->change_lock);
	pthread_mutex_lock(&region->lock);
	region->gone = true;
	host_window_free(region);
	close_files(region);
	kept = extents_bytes(&region->kept);
	prot_none_free(region);
	region->held -= kept;
	backing_give(region->backing, kept);
	/*
	 * Windows that are left still need the mappings. When the last of them
	 * drops the last reference, region_put() calls this again.
	 */
	if (!region->nwindows) {
		mapping_tree_free(&region->maps);
		atomic_store(&region->mapped, 0);
		user_release(region->user, QUOTA_MAPPINGS, region->charged);
		region->charged = 0;
	}
	region_release_if_unused(region);
	pthread_mutex_unlock(&region->lock);
	pthread_mutex_unlock(&region->change_lock);
}

static void *disown(void *region)
{
	region_disown(region);
	region_put(region);
	return NULL;
}

void region_disown_later(struct region *region)
{
	pthread_attr_t detached;
	pthread_t thread;

	region_get(region);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, disown, region))
		disown(region);
	pthread_attr_destroy(&detached);
}

void region_put(struct region *region)
{
	if (atomic_fetch_sub(&region->refs, 1) != 1)
		return;
	region_disown(region);
	pthread_cond_destroy(&region->moved);
	pthread_mutex_destroy(&region->change_lock);
	pthread_mutex_destroy(&region->lock);
	user_put(region->user);
	free(region);
}
