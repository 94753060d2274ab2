/* SPDX-License-Identifier: MIT */
/* Makes a mapping of a region's memory a window: guards it, grants access. */
#ifndef WINDOW_GUARD_H
#define WINDOW_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"

/*
 * Registers the mapping with the userfaultfd, does what the daemon's answer
 * asks for, grants access and tells the daemon (HELLO_MAPPED). The mapping is
 * inaccessible until it equals other windows. *uffd: -1 if there is none; set
 * to -1 if the kernel refuses it, as under a seccomp filter.
 *
 * 0 or -errno; then the caller unmaps, and the daemon forgets the window when
 * the conversation ends.
 */
int window_guard(int sock, const struct answer *answer, uintptr_t base,
		 size_t size, int prot, int *uffd);
/* The same without a daemon. */
int window_guard_alone(uintptr_t base, size_t size, int prot, int *uffd);

#endif
