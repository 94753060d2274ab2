/* SPDX-License-Identifier: MIT */
/*
 * All windows that the daemon knows. Finds them by their keys, and ends them
 * when their processes exit, become other programs or say so. Used by the
 * attach thread alone.
 */
#ifndef WINDOW_REGISTRY_H
#define WINDOW_REGISTRY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <bsd/sys/queue.h>

#include "base/tree.h"
#include "windows/window.h"

struct window_registry {
	int epoll_fd; /* watches the pidfds */
	RB_HEAD(by_key, window) by_key;
	TAILQ_HEAD(, window) ghosts; /* ended, key still valid; oldest first */
	size_t n;		     /* windows that have not ended */
	uint64_t next_probe;	     /* now_ms(); UINT64_MAX: never */
	atomic_bool probing;	     /* a thread is probing */
};

void window_registry_init(struct window_registry *windows, int epoll_fd);
void window_registry_free(struct window_registry *windows);

/*
 * Makes a window like *like, of the process that pidfd refers to. 0: *out has
 * taken over pidfd, like->uffd and the reference to the region, and *steps is
 * what the process has to apply. On failure nothing was taken over.
 */
int window_registry_add(struct window_registry *windows,
			const struct window *like, int pidfd,
			struct window **out, struct protection_steps *steps);
struct window *window_registry_find(struct window_registry *windows,
				    const unsigned char key[MSHARE_KEY_BYTES]);
/* The window has ended; a child of its process may still name its key. */
void window_registry_end(struct window_registry *windows,
			 struct window *window);
/* Ends the window if it has not ended, and forgets its key. */
void window_registry_drop(struct window_registry *windows,
			  struct window *window);

/* Ends the windows that were found dead. */
void window_registry_reap(struct window_registry *windows);

/*
 * Does what is due: drops windows that have ended some time ago, and probes
 * from time to time whether processes became other programs. now and the time
 * that it returns, when something is due next, are those of now_ms();
 * UINT64_MAX: never.
 */
uint64_t window_registry_keep_time(struct window_registry *windows,
				   uint64_t now);

#endif
