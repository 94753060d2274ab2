/* SPDX-License-Identifier: MIT */
/*
 * A fixed address of a region in every process, as in v1 of the kernel series.
 */
#ifndef SET_ADDRESS_H
#define SET_ADDRESS_H

#include <stdint.h>

/* fd: a region without a size. Returns 0 or -errno. */
int set_address(int fd, uint64_t start, uint64_t size);

#endif
