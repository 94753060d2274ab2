/* SPDX-License-Identifier: MIT */
/* Finding the address of a window, for processes and for host windows. */
#ifndef PLACE_H
#define PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "proto.h"

struct placement {
	enum window_place place;
	uintptr_t addr;
	size_t size;
	size_t align;
	int extra_flags; /* MAP_32BIT, if the program asked for it */
};

/*
 * Maps fd whole, without access rights (to be given with mprotect() once the
 * window is guarded): 0 and *base, or -EEXIST, -ENOMEM and what else mmap()
 * says. Nothing stays mapped on failure.
 */
int place_window(const struct placement *p, enum window_kind kind, int fd,
		 uintptr_t *base);

#endif
