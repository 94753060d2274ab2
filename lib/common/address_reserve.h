/* SPDX-License-Identifier: MIT */
/*
 * Reserves the address of a window and maps the backing file there; for windows
 * of processes and for the daemon's host windows.
 */
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
 * Reserves the address range; with PLACE_REPLACE nothing is mapped yet. Returns
 * 0 and sets *base, or returns -EEXIST, -ENOMEM or another error of mmap().
 */
int address_reserve(const struct placement *p, uintptr_t *base);

/*
 * Maps the whole file at base with PROT_NONE: the caller grants access with
 * mprotect() when the window is guarded. On failure the range stays reserved.
 * fork() does not copy the mapping; host windows are like that too, as page
 * tables are shared only among mappings with the same flags.
 */
int address_reserve_map(const struct placement *p, enum window_kind kind,
			int fd, uintptr_t base);

/* Does both; undoes the reservation on failure. */
int address_reserve_and_map(const struct placement *p, enum window_kind kind,
			    int fd, uintptr_t *base);

/* Releases a reservation that was not used. */
void address_reserve_cancel(const struct placement *p, uintptr_t base);

#endif
