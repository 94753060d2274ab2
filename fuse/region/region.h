/* SPDX-License-Identifier: MIT */
/*
 * A region: its size, its start, and the rules of the interface for mappings
 * and windows (doc/interface.md, sections 4 to 6). What happens to memory is in
 * change.h.
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
#include "common/protocol.h"

struct backing;
struct host_window;
struct window;

/*
 * Lock order: namespace lock (inode.h), change, lock. Neither is held across a
 * reply to the kernel. "change" is held as long as memory takes to be filled or
 * freed; "lock" only for moments, so that windows can be made meanwhile.
 */
struct region {
	atomic_uint refs; /* inode, tickets, windows, requests under way */
	struct backing *backing;
	uint64_t id;		   /* for messages */
	SLIST_ENTRY(region) dying; /* namespace lock */

	pthread_mutex_t change_lock;
	/* Bytes of huge pages taken from the pool: change, lock once gone */
	_Atomic uint64_t held;

	pthread_mutex_t lock;
	uint64_t start;		  /* lock; 0: a v2 or v3 region */
	uint64_t size;		  /* lock; 0: not set; once set it stays */
	struct mapping_tree maps; /* written under both, read under either */
	int fd;	     /* set under lock, closed under both; -1 before use */
	int ro_fd;   /* lock; the same, opened read-only */
	int kept_fd; /* likewise; what is kept of mappings without access */
	struct extents kept; /* written under both; whole pages of that file */
	bool gone;	     /* lock; no name and no open file is left */
	bool ended; /* lock; its owner has exited: no windows, no mappings */
	atomic_bool owned; /* it ends when its owner closes it, too */
	bool readable;	   /* lock; read() tells start and size */
	uint64_t changes;  /* lock; of mappings, ever */
	atomic_int owner;  /* the pid of the process that made it; 0: nobody */
	SLIST_HEAD(, host_window) host_windows; /* lock */

	/* For changes (window_sync.h): lock. */
	TAILQ_HEAD(, window) windows; /* those that missed a change are first */
	unsigned int nwindows;
	pthread_cond_t moved; /* a window came to stay, or went */
	uint64_t epoch;	      /* counts changes of what windows are to be */
	bool special;	      /* there ever was a mapping unlike the usual */
	struct protection
		tight; /* on top of maps, while a change is under way */
};

void region_shape(struct region *region, uint64_t *start, uint64_t *size,
		  uint64_t *mapped);

/* How many sharing units its windows have; its size is set. */
uint64_t region_units(const struct region *region);

/* Memory in use, in bytes. Under lock. */
uint64_t region_present(const struct region *region);

/* Whether its owner has exited (the option "ownership"). */
bool region_has_ended(struct region *region);

/* SET_SIZE: once, aligned, not 0, else -EINVAL. */
int region_set_size(struct region *region, uint64_t start, uint64_t size,
		    uint64_t align);
/* ftruncate(), fallocate(): once, aligned, not 0, else -EINVAL. */
int region_truncate(struct region *region, uint64_t size, uint64_t align);

/*
 * Before anything is said of its size: that read() tells start and size, which
 * are fixed now; or that it ends when its owner closes it. Else -EINVAL.
 */
int region_set_readable(struct region *region, uint64_t start, uint64_t size,
			uint64_t align);
int region_set_owned(struct region *region);
/* What read() tells: false: it does not. */
bool region_readable(struct region *region, uint64_t info[2]);

/*
 * Counts the memory of a region as free once it has no name, no open file and
 * no window. Called under lock.
 */
void region_release_if_unused(struct region *region);

#endif
