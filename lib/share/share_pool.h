/* SPDX-License-Identifier: MIT */
/*
 * What limits huge pages for this process. Reads files by system calls only:
 * the callers are in mmap() of a program.
 */
#ifndef SHARE_POOL_H
#define SHARE_POOL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The value of vm.nr_overcommit_hugepages with which n more huge pages of this
 * size can be had; 0: the pool has as many, something else is in the way.
 */
uint64_t share_pool_overcommit_for(uint64_t huge, uint64_t n);

/*
 * Whether a cgroup limits the huge pages of this process. Then a reservation
 * promises nothing: the limit counts when a page is touched.
 */
bool share_pool_is_limited(uint64_t huge);

#endif
