/* SPDX-License-Identifier: MIT */
/* Makes windows: the library's side of common/protocol.h. */
#ifndef ATTACH_CLIENT_H
#define ATTACH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/window_table.h"

/* Whether fd is a file of msharefs. Asks no daemon; keeps errno. */
bool attach_is_msharefs(int fd);

struct mmap_args {
	void *addr;
	size_t length;
	int prot;
	int flags;
	int fd;
	off_t offset;
};

/*
 * mmap() of a region's file. The caller holds the lock of the window table.
 * Returns 0 and sets *base, or returns -errno as
 * doc/interface.md, section 6, says.
 */
int attach_window(const struct mmap_args *args, void **base);

#endif
