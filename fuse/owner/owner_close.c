/* SPDX-License-Identifier: MIT */
/* What a close() of the file of a region that has an owner means to it. */
#include "owner/owner.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "change/mapping_change.h"
#include "owner/process.h"
#include "region/region_life.h"

/*
 * How long a close() waits to hear whether it is an exit, and an exit for the
 * regions to end.
 */
#define LOOK_NS 100000000
#define MAX_WAIT_SECONDS 5

/*
 * What is known of a process is read in a thread of its own: while it becomes
 * another program, its files in /proc wait for it, and it for us.
 */
struct closing {
	atomic_int refs;
	struct owners *owners;
	pid_t tid;
	struct region *region; /* a reference */
	struct file_id file;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool ends; /* lock: it is known that regions end */
	bool done; /* lock */
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
		/* (Files that only that thread has are not its process's.) */
		look_and_end_one(closing);
	}
	tell(closing, &closing->done);
	closing_put(closing);
	atomic_fetch_sub(owners_busy(owners), 1);
	return NULL;
}

/* Until it is done; not long if it is not even known what happens. */
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
		return; /* a moment later, then */
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
