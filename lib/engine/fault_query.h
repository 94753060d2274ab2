/* SPDX-License-Identifier: MIT */
/* After a fault in a window: what the daemon says is there. */
#ifndef FAULT_QUERY_H
#define FAULT_QUERY_H

#include <stdint.h>

/* enum look, or -errno if it cannot be asked. Async-signal-safe. */
int look_at(uintptr_t addr);

#endif
