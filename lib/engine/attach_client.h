/* SPDX-License-Identifier: MIT */
/* Makes and gives up windows: the library's side of common/protocol.h. */
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
 * The caller of all that follows holds the lock of the window table.
 *
 * mmap() of a region's file. Returns 0 and sets *base, or returns -errno as
 * doc/interface.md, section 6, says.
 */
int attach_window(const struct mmap_args *args, void **base);
/*
 * Announces that all windows in the range are about to be unmapped or mapped
 * over. The daemon leaves them alone until attach_unmap_ended() tells whether
 * they are gone.
 */
void attach_unmap_begins(uintptr_t addr, size_t len);
void attach_unmap_ended(uintptr_t addr, size_t len, bool gone);
/* In the child after fork(): registers and guards all windows again. */
void attach_forked(void);

#endif
