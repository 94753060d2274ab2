/* SPDX-License-Identifier: MIT */
/* After a fault in a window: what the daemon says is there. */
#ifndef LOOK_H
#define LOOK_H

#include <stdint.h>

/* enum look, or -errno if it cannot be asked. Async-signal-safe. */
int look_at(uintptr_t addr);

#endif
