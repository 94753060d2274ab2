/* SPDX-License-Identifier: MIT */
/* How much memory of one page size the machine has, and has left. */
#ifndef HUGEPAGE_POOL_H
#define HUGEPAGE_POOL_H

#include <stdint.h>

struct hugepage_pool {
	uint64_t total; /* bytes: reserved pages and those allowed on demand */
	uint64_t free;	/* bytes that could be had now */
};

/* At the start: later there may be no descriptor for what it needs. */
void hugepage_pool_init(void);

/* Of the huge pages of this size; with the base page size, of all memory. */
void hugepage_pool_read(uint64_t page, struct hugepage_pool *pool);

#endif
