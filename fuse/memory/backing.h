/* SPDX-License-Identifier: MIT */
/*
 * The memory behind regions: files of a hugetlbfs mount, huge-page memfds, or
 * ordinary memory. The rest of the daemon does not know which of them it is.
 */
#ifndef BACKING_H
#define BACKING_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory/hugepage_pool.h"
#include "memory/memory_limit.h"

enum backing_kind {
	BACKING_AUTO,
	BACKING_HUGETLBFS,
	BACKING_MEMFD,
	BACKING_SHMEM,
};

struct backing_spec {
	enum backing_kind kind;
	const char *dir; /* BACKING_HUGETLBFS only */
};

/* Outcome of the trial whether two windows share page tables. */
enum trial {
	TRIAL_SHARED,
	TRIAL_NOT_SHARED,
	TRIAL_NO_PAGES,
	TRIAL_FAILED
};

struct backing {
	enum backing_kind kind; /* never BACKING_AUTO */
	int dir_fd;		/* BACKING_HUGETLBFS, else -1 */
	uint64_t page;		/* size of the pages that hold the memory */
	uint64_t max_size;	/* bytes of all regions; UINT64_MAX: no limit */
	enum trial trial;	/* of memfd, if AUTO fell back to shmem */
	bool shares; /* the trial found that page tables are shared */
	char name[PATH_MAX + 16];
	char why_not[256]; /* if not: the reason and the remedy */
	atomic_ulong held; /* bytes of all regions */
	/* Regions that have no name any more, but still hold memory. */
	atomic_uint leaving;
	atomic_uint waits; /* release_wait.h */
};

/* Parses "auto", "memfd", "shmem" or "hugetlbfs:DIR"; else -EINVAL. */
int backing_spec_parse(const char *text, struct backing_spec *spec);

/*
 * Opens the backing and tries whether it shares page tables. 0, or -errno and a
 * message that says what failed and what to do.
 */
#define BACKING_MESSAGE (PATH_MAX + 256)
int backing_open(struct backing *backing, const struct backing_spec *spec,
		 char message[BACKING_MESSAGE]);
void backing_close(struct backing *backing);

/* The smallest alignment at which windows can share page tables, in bytes. */
uint64_t backing_unit(const struct backing *backing);

/* Makes an unnamed file, opened once for writing and once read-only. */
int backing_file(const struct backing *backing, uint64_t size, int *fd,
		 int *ro_fd);
/* Frees whole pages of a file; all processes lose them at once. */
int backing_punch(int fd, uint64_t start, uint64_t end);

/*
 * Whether this much memory can be had now. A large request that cannot succeed
 * is refused at once, before it takes the memory that others could have.
 */
bool backing_can_have(const struct backing *backing, uint64_t bytes);

/* Counts memory against max_size. 0, or -ENOMEM if it does not fit. */
int backing_take(struct backing *backing, uint64_t bytes);
void backing_give(struct backing *backing, uint64_t bytes);

/* The memory that regions have and can still get, within all limits. */
void backing_pool(const struct backing *backing, struct hugepage_pool *pool);
/* The limit that leaves least. */
void backing_tightest(const struct backing *backing,
		      struct memory_limit *least);

#endif
