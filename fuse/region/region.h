/* SPDX-License-Identifier: MIT */
/*
 * A region: its state, and the rules for its size and start (doc/interface.md,
 * section 4). The rules for mappings and windows are in region_rules.h; what
 * changes of mappings do to memory is in change/mapping_change.h.
 */
#ifndef REGION_H
#define REGION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

#include "mapping/mapping.h"
#include "mapping/protection.h"

struct backing;
struct host_window;
struct window;

/*
 * Lock order: namespace lock (inode.h), change_lock, lock. None is held across
 * a reply to the kernel. change_lock is held while memory is filled or freed;
 * lock only for moments, so that windows can be made meanwhile.
 *
 * "both": the field is written under both locks, and read under either.
 */
struct region {
	atomic_uint refs; /* inode, tickets, windows, requests under way */
	struct backing *backing;
	struct user
		*user; /* constant; charged for it (base/quota.h); or NULL */
	uint64_t id;   /* names the region in messages */
	SLIST_ENTRY(region) dying; /* namespace lock */

	pthread_mutex_t change_lock;
	/* change_lock, or lock once gone; bytes taken with backing_take() */
	_Atomic uint64_t held;
	uint64_t charged; /* both; mappings charged to the user */
	uint64_t waited; /* change_lock; how long a change waited for windows */

	pthread_mutex_t lock;
	/* Read without a lock, too: a stat() must not wait for a change. */
	uint64_t start; /* set under lock before size; 0: a v2 or v3 region */
	_Atomic uint64_t size;	 /* set under lock; 0: not set; then constant */
	_Atomic uint64_t mapped; /* set under lock; maps.bytes */
	struct mapping_tree maps; /* both */
	int fd;	     /* set under lock, closed under both; -1 before use */
	int ro_fd;   /* lock; the same file, opened read-only */
	int kept_fd; /* like fd; the file of kept pages (prot_none.h) */
	struct extents kept; /* both; the pages of kept_fd, whole pages */
	bool gone;	     /* lock; no name and no open file is left */
	bool ended; /* lock; its owner has exited: no windows, no mappings */
	atomic_bool owned;   /* ends when its owner closes it, too */
	atomic_bool leaving; /* it counts in backing->leaving */
	bool readable;	     /* lock; read() returns start and size */
	uint64_t changes;    /* lock; how often mappings have changed */
	atomic_int owner; /* the pid of the process that made it; 0: nobody */
	SLIST_HEAD(, host_window) host_windows; /* lock */

	/* Protected by lock: */
	TAILQ_HEAD(, window) windows; /* those to follow a change are first */
	unsigned int nwindows;
	pthread_cond_t moved; /* a window came, went or is free again */
	uint64_t epoch;	      /* counts changes that windows have to follow */
	bool special; /* a mapping was ever lazy or without write access */
	/* Overrides what maps demand while a change is under way. */
	struct protection tight;
};

/*
 * The largest region: a region that no process has the address space for would
 * be of no use, and a change of it could take for ever.
 */
#define REGION_MAX ((uint64_t)1 << 47)

/* Takes no lock. */
void region_shape(struct region *region, uint64_t *start, uint64_t *size,
		  uint64_t *mapped);

/* The number of sharing units of a window. The size must be set. */
uint64_t region_units(const struct region *region);

/* Bytes of memory in use. Called under lock. */
uint64_t region_present(const struct region *region);

/* Whether the owner has exited (the option "ownership"). */
bool region_has_ended(struct region *region);

/* SET_SIZE: once, aligned, not 0, at most REGION_MAX, else -EINVAL. */
int region_set_size(struct region *region, uint64_t start, uint64_t size,
		    uint64_t align);
/*
 * ftruncate(), fallocate(): once, aligned, not 0, else -EINVAL; -EFBIG: above
 * REGION_MAX.
 */
int region_truncate(struct region *region, uint64_t size, uint64_t align);

/*
 * Sets start and size and makes read() return them; or lets the region end when
 * its owner closes it. Both only while no size is set, else -EINVAL.
 */
int region_set_readable(struct region *region, uint64_t start, uint64_t size,
			uint64_t align);
int region_set_owned(struct region *region);
/* What read() returns. False: the region cannot be read. */
bool region_readable(struct region *region, uint64_t info[2]);

/*
 * Returns the memory to the backing once the region has no name, no open file
 * and no window: a window keeps the memory in use. Called under lock.
 */
void region_release_if_unused(struct region *region);
/* The last name of the region went: its memory may come back soon. */
void region_leaves(struct region *region);

#endif
