/* SPDX-License-Identifier: MIT */
/* Making and giving up windows: the library's half of proto.h. */
#ifndef LIB_ATTACH_H
#define LIB_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/window_table.h"

/* Whether fd is a file of msharefs. Asks no daemon, keeps errno. */
bool attach_is_ours(int fd);

struct mmap_args {
	void *addr;
	size_t length;
	int prot;
	int flags;
	int fd;
	off_t offset;
};

/*
 * All of the following: under the windows lock.
 *
 * mmap() of a region's file: 0 and *base, or -errno as in doc/interface.md,
 * section 6.
 */
int attach_window(const struct mmap_args *args, void **base);
/*
 * All windows in the range are about to be unmapped or mapped over; the daemon
 * lets its hands off them until it hears what came of it.
 */
void attach_leaving(uintptr_t addr, size_t len);
void attach_left(uintptr_t addr, size_t len, bool gone);
/* In the child after fork(): guards all windows anew. */
void attach_forked(void);

#endif
