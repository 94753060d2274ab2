/* SPDX-License-Identifier: MIT */
/* Which pages of a backing file are present. */
#ifndef PRESENT_PAGES_H
#define PRESENT_PAGES_H

#include <stdint.h>

#include "base/extents.h"

struct backing;

/*
 * Lists the present pages in [start, end), which is whole pages. 0; or -ENOMEM,
 * or -EOPNOTSUPP where the kernel cannot tell, and the list is empty.
 */
int present_pages(const struct backing *backing, int fd, uint64_t start,
		  uint64_t end, struct extents *list);

/* Bytes of memory that the whole file holds. */
uint64_t present_bytes(int fd);

#endif
