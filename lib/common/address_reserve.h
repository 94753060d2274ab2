/* SPDX-License-Identifier: MIT */
/* Finding the address of a window, for processes and for host windows. */
#ifndef ADDRESS_RESERVE_H
#define ADDRESS_RESERVE_H

#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"

struct placement {
	enum window_place place;
	uintptr_t addr;
	size_t size;
	size_t align;
	int extra_flags; /* MAP_32BIT, if the program asked for it */
};

/*
 * Holds the address free (PLACE_REPLACE: nothing is touched yet): 0 and *base,
 * or -EEXIST, -ENOMEM and what else mmap() says.
 */
int place_reserve(const struct placement *p, uintptr_t *base);

/*
 * Maps the file whole at base, without access rights: those are given with
 * mprotect() once the window is guarded. On failure the reservation stays.
 */
int place_map(const struct placement *p, enum window_kind kind, int fd,
	      uintptr_t base);

/* Both at once: nothing stays on failure. */
int place_now(const struct placement *p, enum window_kind kind, int fd,
	      uintptr_t *base);

/* Gives up a reservation that was not used. */
void place_cancel(const struct placement *p, uintptr_t base);

#endif
