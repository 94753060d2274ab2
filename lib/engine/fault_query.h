/* SPDX-License-Identifier: MIT */
/* Asks the daemon what the region has at the address of a fault. */
#ifndef FAULT_QUERY_H
#define FAULT_QUERY_H

#include <stdint.h>

/* Returns an enum fault_answer, or -errno. Async-signal-safe. */
int fault_query(uintptr_t addr);

#endif
