/* SPDX-License-Identifier: MIT */
/* Which pages of a backing file are there. */
#ifndef PRESENT_PAGES_H
#define PRESENT_PAGES_H

#include <stdint.h>

#include "base/extents.h"

struct backing;

/*
 * Of [start, end), whole pages: 0 and the list; -ENOMEM, or -EOPNOTSUPP where
 * the kernel cannot tell. On failure the list is empty.
 */
int present_pages(const struct backing *backing, int fd, uint64_t start,
		  uint64_t end, struct extents *list);

/* Memory of the whole file, in bytes. */
uint64_t present_bytes(int fd);

#endif
