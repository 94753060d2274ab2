/* SPDX-License-Identifier: MIT */
/* userfaultfds, as both sides use them: to make holes of windows fault. */
#ifndef UFFD_H
#define UFFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What can be done to a piece of a window; start and end count from its base.
 */
enum uffd_action {
	UFFD_OPEN,     /* whoever touches it gets memory */
	UFFD_OPEN_WP,  /* the same, and it can be write-protected */
	UFFD_GUARD,    /* what is not there faults */
	UFFD_GUARD_WP, /* the same, and it can be write-protected */
	UFFD_PROTECT,  /* writing faults, now and later */
	UFFD_UNPROTECT,
	UFFD_ACTIONS
};

struct uffd_op {
	uint64_t start;
	uint64_t end;
	uint64_t action; /* enum uffd_action */
};

/*
 * A new one, for use from user mode, which turns faults into SIGBUS: its
 * descriptor (close-on-exec), or -errno.
 */
int uffd_open(void);
/* Guards the holes of [base, base + size): all of the window. 0 or -errno. */
int uffd_register(int uffd, uintptr_t base, size_t size);

/*
 * Does it to the window at base, in whichever process. 0 or -errno; -ESRCH: the
 * process has exited or become another program.
 */
int uffd_do(int uffd, uintptr_t base, const struct uffd_op *op);
/* Whether the process it was made in has exited or become another program. */
bool uffd_is_dead(int uffd);

#endif
