/* SPDX-License-Identifier: MIT */
/*
 * The windows that processes have, as the daemon knows them: found by their
 * keys, forgotten when their processes exit or say so. Used by the attach
 * thread alone; a region's list of its windows has that region's lock.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

#include "proto.h"
#include "tree.h"

struct attached;
struct region;

/* A window that some process has. */
struct window {
	LIST_ENTRY(window) entry; /* region lock */
	RB_ENTRY(window) by_key;  /* attach thread only, as all below */
	unsigned char key[MSHARE_KEY_BYTES];
	struct window **holder; /* who still has to say MAPPED keeps it there */
	struct region *region;	/* a reference */
	uint64_t base;		/* its address in that process, once it says */
	pid_t pid;		/* as the daemon sees it */
	int pidfd;		/* becomes readable when it exits; then -1 */
	int uffd;		/* -1: it guards its holes by itself */
	bool guarded;		/* its holes are holes */
	uint32_t kind;
	uint32_t prot;
};

struct windows {
	int epoll_fd; /* where ends of processes are watched for */
	RB_HEAD(by_key, window) by_key;
	TAILQ_HEAD(, attached) ghosts; /* the oldest is first */
};

void windows_init(struct windows *windows, int epoll_fd);
void windows_free(struct windows *windows);

/*
 * A window like that, of the process behind pidfd. 0 and *out, which took over
 * pidfd, like->uffd and the reference to the region; else it took nothing.
 */
int window_add(struct windows *windows, const struct window *like, int pidfd,
	       struct window **out);
struct window *window_find(struct windows *windows,
			   const unsigned char key[MSHARE_KEY_BYTES]);
void window_drop(struct windows *windows, struct window *window);

/*
 * The key of a window whose process has exited stays good for a while. Forgets
 * those whose time is over; returns when the next one's will be (UINT64_MAX:
 * there is none). now: monotonic, in ms.
 */
uint64_t windows_expire(struct windows *windows, uint64_t now);

#endif
