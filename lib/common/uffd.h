/* SPDX-License-Identifier: MIT */
/*
 * Operations on userfaultfds, for the library and the daemon: they make
 * accesses to holes of windows fault, and write-protect pages.
 */
#ifndef UFFD_H
#define UFFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What uffd_do() does to a part of a window. */
enum uffd_action {
	UFFD_OPEN,     /* accesses allocate memory */
	UFFD_OPEN_WP,  /* the same; pages can be write-protected */
	UFFD_GUARD,    /* accesses to missing pages fault */
	UFFD_GUARD_WP, /* the same; pages can be write-protected */
	UFFD_PROTECT,  /* writes fault, also to pages that come later */
	UFFD_UNPROTECT,
	UFFD_ACTIONS
};

struct uffd_op {
	uint64_t start; /* offsets in the window */
	uint64_t end;
	uint64_t action; /* enum uffd_action */
};

/*
 * Changes nothing in a window at 0, as no program has memory there: -ESRCH
 * tells that the process is gone.
 */
#define UFFD_NOTHING                                                       \
	{                                                                  \
		.start = 1 << 20, .end = 2 << 20, .action = UFFD_UNPROTECT \
	}

/*
 * Opens a userfaultfd that turns faults from user mode into SIGBUS. Returns its
 * descriptor (close-on-exec) or -errno.
 */
int uffd_open(void);
/* Guards the holes of the window [base, base + size). 0 or -errno. */
int uffd_register(int uffd, uintptr_t base, size_t size);

/*
 * Applies op to the window at base in the process that opened uffd. 0 or
 * -errno; -ESRCH: that process has exited or called execve().
 */
int uffd_do(int uffd, uintptr_t base, const struct uffd_op *op);
/*
 * Applies all of them, in parts of at most UFFD_PART bytes; a part that fails
 * for want of memory is tried again. go_on() is asked before each part. 0;
 * -ESRCH; -ECANCELED: go_on() said no; else -ENOMEM if any part failed so, else
 * the last error.
 */
#define UFFD_PART ((uint64_t)1 << 30)
int uffd_steps(int uffd, uintptr_t base, const struct uffd_op *v, size_t n,
	       bool (*go_on)(void *arg), void *arg);

#endif
