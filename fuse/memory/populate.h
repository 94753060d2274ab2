/* SPDX-License-Identifier: MIT */
/*
 * Filling memory with one thread per processor, through a mapping that is
 * thrown away afterwards. No byte is written by a plain store, so whatever a
 * process does to the file meanwhile, the daemon sees an error, never a signal.
 */
#ifndef POPULATE_H
#define POPULATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/extents.h"

/*
 * Allocates whole pages of that size. -ENOMEM: there are none left; -EINTR:
 * *stop became true. What was allocated before the failure stays.
 */
int populate_allocate(int fd, uint64_t page, const struct extents *list,
		      const atomic_bool *stop);
/* Zeroes bytes of pages that are there. */
int populate_zero(int fd, uint64_t page, const struct extents *list);
/*
 * Copies whole pages to the same place of another file, where nobody should
 * look. -ENOMEM, -EINTR; what was copied before the failure stays.
 */
int populate_copy(int from, int to, uint64_t page, const struct extents *list,
		  const atomic_bool *stop);
/*
 * The same where others look, and where no page is yet: each comes whole.
 * -EEXIST: there was one; -EOPNOTSUPP: userfaultfd is refused to the daemon.
 */
int populate_install(int from, int to, uint64_t page,
		     const struct extents *list, const atomic_bool *stop);
/* What it says if uffd_open() says err. */
int populate_refused(int err);

#endif
