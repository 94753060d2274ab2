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
struct hostwin;
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

	pthread_mutex_t change;
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
	SLIST_HEAD(, hostwin) hostwins; /* lock */

	/* Remote control (control.h): lock. */
	TAILQ_HEAD(, window) windows; /* those that missed a change are first */
	unsigned int nwindows;
	pthread_cond_t moved; /* a window came to stay, or went */
	uint64_t epoch;	      /* counts changes of what windows are to be */
	bool special;	      /* there ever was a mapping unlike the usual */
	struct modes tight;   /* on top of maps, while a change is under way */
};

/* One reference, or NULL. */
struct region *region_new(struct backing *backing);
struct region *region_get(struct region *region);
void region_put(struct region *region);

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

/* CREATE_MAPPING and UNMAP in whichever dialect. */
struct range_request {
	bool absolute; /* v1: at is an address; v2, v3: an offset */
	uint64_t at;
	uint64_t size;
};

struct map_request {
	struct range_request range;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
	int32_t fd;
};

/*
 * 0, the range that is meant, relative to the region, and what kind of mapping
 * (as of struct mapping); else -EINVAL.
 */
int region_check_map(struct region *region, const struct map_request *req,
		     uint64_t huge_page, struct extent *range, uint32_t *prot);
int region_check_unmap(struct region *region, const struct range_request *req,
		       struct extent *range);

struct window_request {
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
	int accmode; /* O_RDONLY, O_WRONLY, O_RDWR of the descriptor */
	bool away;   /* not at the start, though the region has one */
};

struct window_rule {
	enum window_place place;
	uint64_t addr;
	uint64_t size;
};

/*
 * All of doc/interface.md, section 6, that does not need the process: -EINVAL,
 * -EACCES.
 */
int region_check_window(struct region *region, const struct window_request *req,
			uint64_t align, struct window_rule *rule);

#endif
