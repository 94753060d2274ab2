/* SPDX-License-Identifier: MIT */
/*
 * Fills memory with one thread per processor, through a temporary mapping. All
 * bytes are written by system calls: whatever a process does to the file
 * meanwhile, the daemon gets an error, never a signal.
 */
#ifndef POPULATE_H
#define POPULATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/extents.h"

/*
 * Allocates whole pages of this size. -ENOMEM: no page is left; -EINTR: *stop
 * became true. Pages that were allocated before a failure stay.
 */
int populate_allocate(int fd, uint64_t page, const struct extents *list,
		      const atomic_bool *stop);
/*
 * Zeroes bytes of pages that are present, in two parts: what can fail comes
 * first, and changes nothing. The list must last until the end.
 */
struct zeroing {
	const struct extents *list;
	char *base; /* where the file is mapped; NULL: nothing is to be done */
	uint64_t origin, length, page;
	int zero_fd;
};

/* 0 or -errno; zeroing_end() is needed only after 0. */
int zeroing_prepare(struct zeroing *zeroing, int fd, uint64_t page,
		    const struct extents *list);
/* Fails only if a process has changed the file. */
int zeroing_do(const struct zeroing *zeroing);
void zeroing_end(struct zeroing *zeroing);

/* Both parts at once. */
int populate_zero(int fd, uint64_t page, const struct extents *list);
/*
 * Copies whole pages to the same offsets of another file, in which nobody else
 * may look at them meanwhile. -ENOMEM or -EINTR; pages that were copied before
 * a failure stay.
 */
int populate_copy(int from, int to, uint64_t page, const struct extents *list,
		  const atomic_bool *stop);
/*
 * The same for a file that other processes use: each page appears with its
 * contents. -EEXIST: a page is present already; -EOPNOTSUPP: the kernel refuses
 * the daemon a userfaultfd.
 */
int populate_install(int from, int to, uint64_t page,
		     const struct extents *list, const atomic_bool *stop);
/* Turns an error of userfaultfd(2) into what populate_install() returns. */
int populate_refused(int err);

#endif
