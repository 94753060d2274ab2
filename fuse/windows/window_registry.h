/* SPDX-License-Identifier: MIT */
/*
 * All windows the daemon knows: finds them by their keys, and forgets them when
 * their processes exit, become other programs or say so. Used by the attach
 * thread alone.
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
	int epoll_fd; /* where ends of processes are watched for */
	RB_HEAD(by_key, window) by_key;
	TAILQ_HEAD(, window) ghosts; /* the oldest is first */
	size_t n;		     /* windows that have not ended */
	uint64_t next_probe;	     /* ms */
	atomic_bool probing;	     /* a thread is at it */
};

void window_registry_init(struct window_registry *windows, int epoll_fd);
void window_registry_free(struct window_registry *windows);

/*
 * A window like that, of the process behind pidfd. 0, *out, which took over
 * pidfd, like->uffd and the reference to the region, and what the process has
 * to do to it; else it took nothing.
 */
int window_registry_add(struct window_registry *windows,
			const struct window *like, int pidfd,
			struct window **out, struct protection_steps *steps);
struct window *window_registry_find(struct window_registry *windows,
				    const unsigned char key[MSHARE_KEY_BYTES]);
/* The process has it no more; who was its child may still refer to it. */
void window_registry_end(struct window_registry *windows,
			 struct window *window);
void window_registry_drop(struct window_registry *windows,
			  struct window *window);

/* Ends the windows that were found dead. */
void window_registry_reap(struct window_registry *windows);

/*
 * Does what is due: the key of a window that ended stays good for a while only,
 * and now and then it is looked whether processes became other programs.
 * Returns when something is due next (UINT64_MAX: never); monotonic, in ms.
 */
uint64_t window_registry_keep_time(struct window_registry *windows,
				   uint64_t now);

#endif
