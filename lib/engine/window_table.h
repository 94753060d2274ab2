/* SPDX-License-Identifier: MIT */
/*
 * The windows of this process. Lookups take no lock, so that the SIGBUS handler
 * can do them; changes of the table take window_table_lock().
 */
#ifndef WINDOW_TABLE_H
#define WINDOW_TABLE_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"
#include "engine/kept_fd.h"

struct window {
	_Atomic uintptr_t base; /* 0: this entry is free */
	_Atomic size_t size;

	/* Protected by the lock of the table. */
	uint64_t netns;	 /* where the daemon's socket is (daemon_channel.h) */
	uint64_t device; /* of the file that was mapped */
	uint64_t ino;
	struct kept_fd uffd;   /* our copy */
	struct kept_fd memory; /* the backing file, for children */
	struct kept_fd file;   /* if ANSWER_KEEP_FILE was set */
	uint32_t kind;	       /* enum window_kind */
	int prot;
	int leaving; /* the conversation that HELLO_LEAVING began, or -1 */
	bool known;  /* the daemon keeps a record under this key */
	bool stays_behind; /* children do not get it: MADV_DONTFORK */
	unsigned char key[MSHARE_KEY_BYTES];
	char socket[MSHARE_SOCKET_MAX];
};

/* The range in which windows and redirected memory ever were; it only grows. */
extern _Atomic uintptr_t window_table_low, window_table_high;

/* Whether [addr, addr + len) may touch a window: two loads. */
static inline bool window_table_near(const void *addr, size_t len)
{
	uintptr_t at = (uintptr_t)addr;

	return at < atomic_load_explicit(&window_table_high,
					 memory_order_relaxed) &&
	       (at >= atomic_load_explicit(&window_table_low,
					   memory_order_relaxed) ||
		len > atomic_load_explicit(&window_table_low,
					   memory_order_relaxed) -
				at);
}

/*
 * Whether the table is this process's. A child of which no fork handler knows
 * (_Fork(), clone()) has a copy of the table, but none of the windows.
 */
bool window_table_is_ours(void);
/*
 * Called when it becomes that of such a child, which may have been made in the
 * middle of a change by another thread; NULL: nobody is interested.
 */
extern void (*window_table_adopted)(void);
/* From now on it is, and window_table_owner is its pid. Under the lock. */
void window_table_make_ours(void);
/* A child of vfork() shares the table, but has another pid. */
extern atomic_long window_table_owner;

/* The window that contains addr, or NULL. Async-signal-safe. */
struct window *window_at(uintptr_t addr);

/* Blocks all signals, too; *old is for window_table_unlock(). */
void window_table_lock(sigset_t *old);
void window_table_unlock(const sigset_t *old);
/* In the child after fork() if the parent held the lock: takes it again. */
void window_table_relock_in_child(void);
/* The same if it did not: another thread, which the child lacks, may hold it.
 */
void window_table_lock_anew_in_child(sigset_t *old);
/*
 * Whether the lock was ever taken. If not, the table is empty and fork() need
 * not lock it: that would write to one of our pages, and cost a copy.
 */
extern atomic_bool window_table_lock_used;

static inline bool window_table_in_use(void)
{
	return atomic_load(&window_table_lock_used);
}

/*
 * For the fork handlers. True: the lock was never used, and nobody takes it for
 * the first time before the parent calls window_table_fork_ended(). False: the
 * handler must take the lock.
 */
bool window_table_fork_begins(void);
void window_table_fork_ended(void);

/* The caller of all that follows holds the lock. */

/* A free entry, invisible until window_publish(); NULL: out of memory. */
struct window *window_new(void);
void window_publish(struct window *w, uintptr_t base, size_t size);
/* For redirected memory: lets the range above contain it. */
void window_table_widen(uintptr_t base, size_t size);
void window_forget(struct window *w);

struct window *window_next(struct window *w); /* w NULL: the first */

enum overlap {
	OVERLAP_NONE,
	OVERLAP_WHOLE, /* the range contains every window that it overlaps */
	OVERLAP_PART,  /* the range overlaps a part of some window */
};
enum overlap window_table_overlap(uintptr_t addr, size_t len);

#endif
