/* SPDX-License-Identifier: MIT */
/*
 * A window: the region as one process has it mapped. It is COMING while its
 * process makes it, HERE while changes reach it, LEAVING while its process is
 * about to unmap it, and then GONE.
 *
 * No change misses a window. A window that is coming is told what it has to be
 * when it is announced, and a later change waits for it to arrive; so does a
 * change for a window that may leave. Both take moments, or end when the daemon
 * hangs up on the client.
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
	WINDOW_COMING,	/* its process knows of it, we not yet of its address */
	WINDOW_HERE,	/* changes reach it */
	WINDOW_LEAVING, /* its process is about to unmap it */
	WINDOW_GONE,
};

/* A window that some process has. */
struct window {
	struct epoll_watch watch; /* of pidfd */
	atomic_uint refs; /* the registry's, and one of whoever made it busy */

	/* Constant once it is WINDOW_HERE: */
	uint64_t id;	       /* for who lists windows; ascending */
	struct region *region; /* a reference */
	uint64_t base;	       /* its address in that process */
	pid_t pid;	       /* as the daemon sees it */
	uid_t uid;	       /* whose process it was when it was made */
	bool guarded;	       /* its holes are holes */
	uint32_t kind;
	uint32_t prot;

	/* For changes (window_sync.h): region lock. */
	TAILQ_ENTRY(window) entry;
	enum window_state state;
	uint64_t epoch; /* of the last change it knows of */
	bool busy;	/* someone is at it without the lock */
	bool awaited;	/* and the attach thread wants to know the end */
	bool dead;	/* its memory is gone, though its process may live */
	bool missed;	/* it was out of reach of a change */
	struct unshared_units
		own; /* whose page tables are not shared any more */
	int uffd;    /* -1: it guards its holes by itself */

	/* Attach thread only: */
	RB_ENTRY(window) by_key;
	unsigned char key[MSHARE_KEY_BYTES];
	struct window **holder; /* the session that makes or ends it */
	int pidfd;		/* becomes readable when it exits; then -1 */
	struct window_registry *registry;
	TAILQ_ENTRY(window) ghost;
	uint64_t deadline; /* of a ghost, monotonic, in ms */
};

void window_get(struct window *window);
/* Frees the window with its last reference. */
void window_put(struct window *window);

/* The eventfd that is written to when a window needs the attach thread; -1. */
void window_set_wake_fd(int eventfd);

/* For the attach thread: */

/*
 * Announces a window that is coming to its region; *steps is what its process
 * has to do to it. 0 or -ENOMEM.
 */
int window_announce(struct region *region, struct window *window,
		    struct protection_steps *steps);
/* It has come, or it stays after all: changes reach it from now on. */
void window_arrive(struct window *window);
/*
 * Asks for the window to leave. True: no change touches it any more. False: one
 * is at work on it; ask again when the eventfd was written to.
 */
bool window_leave(struct window *window);
/* The window is gone: takes it from its region and closes its userfaultfd. */
void window_remove(struct window *window);

/*
 * For who works on a window without the region's lock, which its process may
 * hold up. Both are called under the lock. After window_release() the window
 * may not exist any more.
 */
void window_take(struct window *window);
void window_release(struct window *window);

/* Marks the window dead if its memory is gone. May take time. */
void window_probe(struct window *window);

bool window_can_write(const struct window *window);
/* Notes which units lose their shared page tables by these steps. */
void window_note_units(struct window *window,
		       const struct protection_steps *steps);

#endif
