/* SPDX-License-Identifier: MIT */
/* The files that hold what is in a region: from first use to the end. */
#include "change/mapping_change.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "memory/backing.h"
#include "region/host_window.h"
#include "region/prot_none.h"
#include "base/log.h"

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
	uint64_t kept;

	pthread_mutex_lock(&region->change);
	pthread_mutex_lock(&region->lock);
	region->gone = true;
	hostwin_free(region);
	if (region->fd >= 0) {
		close(region->fd);
		close(region->ro_fd);
		region->fd = region->ro_fd = -1;
	}
	kept = extents_bytes(&region->kept);
	keep_free(region);
	region->held -= kept;
	backing_give(region->backing, kept);
	/* Windows that are left go by them still; the last reference comes. */
	if (!region->nwindows)
		mapping_tree_free(&region->maps);
	region_release_if_unused(region);
	pthread_mutex_unlock(&region->lock);
	pthread_mutex_unlock(&region->change);
}

int region_need_file(struct region *region)
{
	int err;

	pthread_mutex_lock(&region->lock);
	err = need_file(region);
	pthread_mutex_unlock(&region->lock);
	return err;
}
