/* SPDX-License-Identifier: MIT */
/* A region at the same address in every process, as v1 of the series has it. */
#ifndef SET_ADDRESS_H
#define SET_ADDRESS_H

#include <stdint.h>

/* fd: of a region without a size. 0 or -errno. */
int set_start(int fd, uint64_t start, uint64_t size);

#endif
