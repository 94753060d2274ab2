/* SPDX-License-Identifier: MIT */
/*
 * The windows that processes have, as the daemon knows them: found by their
 * keys, forgotten when their processes exit, become other programs or say so.
 * Used by the attach thread alone, but for what control.h does.
 */
#ifndef WINDOW_REGISTRY_H
#define WINDOW_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

#include "mapping/protection.h"
#include "common/protocol.h"
#include "base/tree.h"
#include "windows/unshared_units.h"

struct attached;
struct region;

enum window_state {
	WINDOW_COMING,	/* its process knows of it, we not yet of its address */
	WINDOW_HERE,	/* changes reach it */
	WINDOW_LEAVING, /* its process is about to unmap it */
	WINDOW_GONE,
};

/* A window that some process has. */
struct window {
	atomic_uint refs; /* the table's, and one of who made it busy */

	/* Constant once it is WINDOW_HERE: */
	uint64_t id;	       /* for who lists windows; ascending */
	struct region *region; /* a reference */
	uint64_t base;	       /* its address in that process */
	pid_t pid;	       /* as the daemon sees it */
	uid_t uid;	       /* whose process it was when it was made */
	bool guarded;	       /* its holes are holes */
	uint32_t kind;
	uint32_t prot;

	/* Remote control (control.h): region lock. */
	TAILQ_ENTRY(window) entry;
	enum window_state state;
	uint64_t epoch;	  /* of the last change it knows of */
	bool busy;	  /* someone is at it without the lock */
	bool awaited;	  /* and the attach thread wants to know the end */
	bool dead;	  /* its memory is gone, though its process may live */
	bool missed;	  /* it was out of reach of a change */
	struct units own; /* whose page tables are not shared any more */
	int uffd;	  /* -1: it guards its holes by itself */

	/* Attach thread only: */
	RB_ENTRY(window) by_key;
	unsigned char key[MSHARE_KEY_BYTES];
	struct window **holder; /* the conversation that it is the subject of */
	int pidfd;		/* becomes readable when it exits; then -1 */
};

struct windows {
	int epoll_fd; /* where ends of processes are watched for */
	RB_HEAD(by_key, window) by_key;
	TAILQ_HEAD(, attached) ghosts; /* the oldest is first */
	size_t n;		       /* windows that have not ended */
	uint64_t next_probe;	       /* ms */
	atomic_bool probing;	       /* a thread is at it */
};

void windows_init(struct windows *windows, int epoll_fd);
void windows_free(struct windows *windows);

/*
 * A window like that, of the process behind pidfd. 0, *out, which took over
 * pidfd, like->uffd and the reference to the region, and what the process has
 * to do to it; else it took nothing.
 */
int window_add(struct windows *windows, const struct window *like, int pidfd,
	       struct window **out, struct steps *steps);
struct window *window_find(struct windows *windows,
			   const unsigned char key[MSHARE_KEY_BYTES]);
/* The process has it no more; who was its child may still refer to it. */
void window_end(struct windows *windows, struct window *window);
void window_drop(struct windows *windows, struct window *window);

void window_get(struct window *window);
void window_put(struct window *window);

/* Ends the windows that were found dead. */
void windows_reap(struct windows *windows);

/*
 * Does what is due: the key of a window that ended stays good for a while only,
 * and now and then it is looked whether processes became other programs.
 * Returns when something is due next (UINT64_MAX: never); monotonic, in ms.
 */
uint64_t windows_keep_time(struct windows *windows, uint64_t now);

#endif
