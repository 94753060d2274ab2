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

#include "mapping.h"

/*
 * Allocates whole pages of that size. -ENOMEM: there are none left; -EINTR:
 * *stop became true. What was allocated before the failure stays.
 */
int populate_allocate(int fd, uint64_t page, const struct extents *list,
		      const atomic_bool *stop);
/* Zeroes bytes of pages that are there. */
int populate_zero(int fd, uint64_t page, const struct extents *list);

#endif
