/* SPDX-License-Identifier: MIT */
/*
 * The windows of this process. Looking one up takes no lock, so that the fault
 * handler can; changing the table takes windows_lock().
 */
#ifndef WINDOW_TABLE_H
#define WINDOW_TABLE_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"

struct window {
	_Atomic uintptr_t base; /* 0: this entry is free */
	_Atomic size_t size;

	/* The rest: windows lock. */
	bool known; /* the daemon keeps a record under this key */
	unsigned char key[MSHARE_KEY_BYTES];
	char socket[MSHARE_SOCKET_MAX];
	int uffd;    /* our copy, -1 if there is none */
	int file;    /* of an owner, else -1 */
	int leaving; /* the conversation about its end, or -1 */
	uint64_t uffd_ino;
	uint64_t device; /* of the file that was mapped */
	uint64_t ino;
};

/* Where windows ever were; widens only. */
extern _Atomic uintptr_t windows_low, windows_high;

/* Whether [addr, addr + len) may touch a window: two loads. */
static inline bool windows_near(const void *addr, size_t len)
{
	uintptr_t at = (uintptr_t)addr;

	return at < atomic_load_explicit(&windows_high, memory_order_relaxed) &&
	       (at >= atomic_load_explicit(&windows_low,
					   memory_order_relaxed) ||
		len > atomic_load_explicit(&windows_low, memory_order_relaxed) -
				at);
}

/* The window that holds addr, or NULL. Async-signal-safe. */
struct window *window_at(uintptr_t addr);

/* Signals are blocked meanwhile; *old is for windows_unlock(). */
void windows_lock(sigset_t *old);
void windows_unlock(const sigset_t *old);
/* In the child after fork(), whose parent held the lock. */
void windows_lock_again(void);
/* The same where the parent did not: takes it from whoever is not there. */
void windows_lock_anew(sigset_t *old);
/*
 * Whether the lock was ever taken: if not, there is nothing under it. Without
 * it, fork() need not write to a page of ours, which would be copied.
 */
extern atomic_bool windows_lock_used;

static inline bool windows_in_use(void)
{
	return atomic_load(&windows_lock_used);
}

/*
 * For the fork handlers: true if nothing is under the lock. Then nobody takes
 * it for the first time until windows_fork_ended() in the parent, and nothing
 * is written that a child would have to copy. False: take the lock.
 */
bool windows_fork_begins(void);
void windows_fork_ended(void);

/* All that follows: under the lock. */

/* An entry to fill in, invisible before window_publish(); NULL: no memory. */
struct window *window_new(void);
void window_publish(struct window *w, uintptr_t base, size_t size);
void window_forget(struct window *w);

struct window *window_next(struct window *w); /* NULL: the first */

enum overlap {
	OVERLAP_NONE,
	OVERLAP_WHOLE, /* of each window that is touched */
	OVERLAP_PART,
};
enum overlap windows_overlap(uintptr_t addr, size_t len);

#endif
