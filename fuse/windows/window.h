/* SPDX-License-Identifier: MIT */
/*
 * A window: the region as one process has it mapped. It is COMING while its
 * process makes it, HERE while changes reach it, LEAVING while its process is
 * about to unmap it, and then GONE.
 *
 * No change misses a window. When a window is announced, its process learns
 * which steps to apply to it; later changes wait for the window to arrive. They
 * also wait while it is leaving. Both take only moments. A change that waits
 * for longer has the connection to the client closed (window_cut()): then the
 * client knows that it has no window.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

#include "base/epoll_watch.h"
#include "base/tree.h"
#include "common/protocol.h"
#include "mapping/protection_steps.h"
#include "windows/unshared_units.h"

struct region;
struct window_registry;

enum window_state {
	WINDOW_COMING,	/* the daemon does not know its address yet */
	WINDOW_HERE,	/* changes reach it */
	WINDOW_LEAVING, /* its process is about to unmap it */
	WINDOW_GONE,
};

struct window {
	struct epoll_watch watch; /* of pidfd */
	atomic_uint refs; /* the registry's, one while busy, the prober's */

	/* Constant once the state is WINDOW_HERE: */
	uint64_t id;	       /* identifies it in lists; ascending */
	struct region *region; /* a reference */
	uint64_t base;	       /* its address in that process */
	pid_t pid;	       /* as the daemon sees it */
	uid_t uid;	       /* of the process when the window was made */
	struct user *user;     /* the same, charged for it until it ends */
	bool guarded;	       /* accesses to its holes fault */
	uint32_t kind;	       /* enum window_kind */
	uint32_t prot;	       /* PROT_* */

	/* Protected by the region's lock: */
	TAILQ_ENTRY(window) entry;
	enum window_state state;
	uint64_t epoch; /* of the last change that reached it */
	bool busy;	/* a thread works on it without the lock */
	bool awaited;	/* the attach thread waits for busy to end */
	bool dead;	/* its address space is gone; the process may live */
	bool missed;	/* a change could not reach it */
	bool cut;	/* the attach thread is to hang up: see window_cut() */
	uint64_t since; /* of COMING, LEAVING, or a step in progress; now_ms()
			 */
	struct unshared_units own; /* units with page tables of their own */
	int uffd; /* -1: not handed over; only its process guards it */

	/* Used by the attach thread alone: */
	RB_ENTRY(window) by_key;
	unsigned char key[MSHARE_KEY_BYTES];
	struct window **holder; /* in the session that makes or ends it */
	int pidfd; /* readable when the process exits; -1 after that */
	struct window_registry *registry;
	TAILQ_ENTRY(window) ghost;
	uint64_t deadline; /* when a ghost is dropped; now_ms() */
};

void window_get(struct window *window);
/* Frees the window with its last reference. */
void window_put(struct window *window);

/* Sets the eventfd that wakes the attach thread for a window; -1: none. */
void window_set_wake_fd(int eventfd);

/* For the attach thread: */

/*
 * Adds a window that is coming to its region. *steps is what its process has to
 * apply to it. 0 or -ENOMEM.
 */
int window_announce(struct region *region, struct window *window,
		    struct protection_steps *steps);
/* The window is mapped, or stays after all: changes reach it from now on. */
void window_arrive(struct window *window);
/*
 * Asks all changes to stop using this window. True: none uses it any more.
 * False: one is still working on it; call again when the eventfd was written
 * to.
 */
bool window_leave(struct window *window);
/* Removes a window that is gone from its region; closes its userfaultfd. */
void window_remove(struct window *window);

/*
 * Between these two calls a thread works on the window without the region's
 * lock, because the process can delay that work. Both are called under the
 * lock. After window_release() the window may be freed.
 */
void window_take(struct window *window);
void window_release(struct window *window);

/*
 * For errands_reap(): a step has ended long after its change gave up. Releases
 * the window.
 */
void window_late(void *window, int err);

/*
 * Has the attach thread hang up on the process that makes or ends the window,
 * because it takes too long. Called under the lock. window_is_cut() is for the
 * attach thread.
 */
void window_cut(struct window *window);
bool window_is_cut(struct window *window);

bool window_can_write(const struct window *window);
/* Notes which units lose their shared page tables by these steps. */
void window_note_units(struct window *window,
		       const struct protection_steps *steps);

#endif
