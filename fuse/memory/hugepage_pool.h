/* SPDX-License-Identifier: MIT */
/* How much memory the machine has in pages of one size, total and free. */
#ifndef HUGEPAGE_POOL_H
#define HUGEPAGE_POOL_H

#include <stdint.h>

struct hugepage_pool {
	uint64_t total; /* bytes: nr_hugepages and what overcommit can add */
	uint64_t free;	/* bytes that can be allocated now */
	uint64_t most;	/* the same, if overcommit had no limit */
	uint64_t overcommit; /* pages, the limit of overcommit */
};

/* Opens /proc/meminfo; called early, while the daemon has descriptors. */
void hugepage_pool_init(void);

/* For huge pages of this size; for the base page size, ordinary memory. */
void hugepage_pool_read(uint64_t page, struct hugepage_pool *pool);

#endif
