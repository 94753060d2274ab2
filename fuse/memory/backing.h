/* SPDX-License-Identifier: MIT */
/*
 * What holds the content of regions: files of a hugetlbfs mount, huge-page
 * memfds, or ordinary memory. Nothing else in the daemon knows which.
 */
#ifndef BACKING_H
#define BACKING_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory/hugepage_pool.h"

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

/* What came of trying two windows on two pages. */
enum trial {
	TRIAL_SHARED,
	TRIAL_NOT_SHARED,
	TRIAL_NO_PAGES,
	TRIAL_FAILED
};

struct backing {
	enum backing_kind kind; /* never BACKING_AUTO */
	int dir_fd;		/* BACKING_HUGETLBFS, else -1 */
	uint64_t page;		/* memory is held in pages of this size */
	uint64_t max_size;	/* bytes over all regions; UINT64_MAX: any */
	enum trial trial;	/* of the kind that should share */
	bool shares;		/* page tables are shared, as was tried */
	char name[PATH_MAX + 16];
	char why_not[256]; /* if not: the reason, and what mends it */
	atomic_ulong held; /* bytes over all regions */
};

/* "auto", "memfd", "shmem", "hugetlbfs:DIR"; -EINVAL if none of them. */
int backing_spec_parse(const char *text, struct backing_spec *spec);

/*
 * Finds the backing and tries it out. -errno with a message that says what is
 * wrong and what to do.
 */
#define BACKING_MESSAGE (PATH_MAX + 256)
int backing_open(struct backing *backing, const struct backing_spec *spec,
		 char message[BACKING_MESSAGE]);
void backing_close(struct backing *backing);

/* The least alignment at which windows can share page tables, in bytes. */
uint64_t backing_unit(const struct backing *backing);

/* A file of that size, nameless, open for writing and read-only. */
int backing_file(const struct backing *backing, uint64_t size, int *fd,
		 int *ro_fd);
/* Frees whole pages of it, in every process at once. */
int backing_punch(int fd, uint64_t start, uint64_t end);

/*
 * Huge pages that are not there are an error when they are asked for; ordinary
 * memory that is not there would be the end of some process, likely of ours.
 */
bool backing_can_have(const struct backing *backing, uint64_t bytes);

/* Counts memory against max_size: -ENOMEM beyond it. */
int backing_take(struct backing *backing, uint64_t bytes);
void backing_give(struct backing *backing, uint64_t bytes);

/* What is there for regions, max_size considered. */
void backing_pool(const struct backing *backing, struct hugepage_pool *pool);

#endif
