/* SPDX-License-Identifier: MIT */
/*
 * Finds out whether a close() of a region's file ends the region. Part of
 * owner.h.
 */
#include "owner/owner.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "change/mapping_change.h"
#include "owner/process.h"
#include "region/region_life.h"

/*
 * How long a close() waits until it is known whether the process exits, and, if
 * regions end, until they have ended.
 */
#define LOOK_NS 100000000
#define MAX_WAIT_SECONDS 5

/*
 * One close() in progress. A separate thread reads /proc: reading the files of
 * a process waits while the process is in exec(), and exec() may be waiting for
 * the daemon to answer this very close().
 */
struct closing {
	atomic_int refs;
	struct owners *owners;
	pid_t tid;
	struct region *region; /* holds a reference */
	struct file_id file;
	pthread_mutex_t lock; /* the close lock */
	pthread_cond_t moved;
	bool ends; /* close lock; regions are going to end */
	bool done; /* close lock; nothing is left to do */
};

static void closing_put(struct closing *closing)
{
	if (atomic_fetch_sub(&closing->refs, 1) == 1) {
		region_put(closing->region);
		free(closing);
	}
}

static void tell(struct closing *closing, bool *what)
{
	pthread_mutex_lock(&closing->lock);
	*what = true;
	pthread_cond_broadcast(&closing->moved);
	pthread_mutex_unlock(&closing->lock);
}

static void look_and_end_one(struct closing *closing)
{
	pid_t owner = atomic_load(&closing->region->owner);

	if (!atomic_load(&closing->region->owned) ||
	    process_of_thread(closing->tid) != owner ||
	    process_has_file(closing->tid, &closing->file))
		return;
	tell(closing, &closing->ends);
	region_end(closing->region);
}

static void *look_and_end(void *arg)
{
	struct closing *closing = arg;
	struct owners *owners = closing->owners;
	pid_t pid;

	pid = process_of_thread(closing->tid);
	if (process_is_exiting(pid)) {
		tell(closing, &closing->ends);
		owners_process_exits(owners, pid);
	} else if (!process_thread_is_exiting(closing->tid)) {
		/*
		 * An exiting thread closes only files that it does not share
		 * with its process: these do not count.
		 */
		look_and_end_one(closing);
	}
	tell(closing, &closing->done);
	closing_put(closing);
	atomic_fetch_sub(owners_busy(owners), 1);
	return NULL;
}

/* Waits until it is done; not for long unless regions end. */
static void wait_for(struct closing *closing)
{
	struct timespec soon, late;

	clock_gettime(CLOCK_MONOTONIC, &soon);
	late = soon;
	late.tv_sec += MAX_WAIT_SECONDS;
	soon.tv_nsec += LOOK_NS;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_sec++;
		soon.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&closing->lock);
	while (!closing->ends && !closing->done &&
	       !pthread_cond_timedwait(&closing->moved, &closing->lock, &soon))
		;
	while (closing->ends && !closing->done &&
	       !pthread_cond_timedwait(&closing->moved, &closing->lock, &late))
		;
	pthread_mutex_unlock(&closing->lock);
}

void owners_closing(struct owners *owners, pid_t tid, struct region *region,
		    uint64_t number)
{
	struct closing *closing;
	pthread_condattr_t monotonic;
	pthread_attr_t detached;
	pthread_t thread;

	if (tid <= 0 || !owners_are_any(owners))
		return;
	closing = calloc(1, sizeof(*closing));
	if (!closing)
		return; /* owner.c ends the regions, a moment later */
	atomic_init(&closing->refs, 2);
	closing->owners = owners;
	closing->tid = tid;
	closing->region = region_get(region);
	closing->file.device = owners_device(owners);
	closing->file.number = number;
	pthread_mutex_init(&closing->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&closing->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	atomic_fetch_add(owners_busy(owners), 1);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, look_and_end, closing)) {
		atomic_fetch_sub(owners_busy(owners), 1);
		atomic_store(&closing->refs, 1);
	} else {
		wait_for(closing);
	}
	pthread_attr_destroy(&detached);
	closing_put(closing);
}
