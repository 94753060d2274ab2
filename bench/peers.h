/* SPDX-License-Identifier: MIT */
/* Ways to share memory between processes: ours, and those beside it. */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory {
	const struct peer *peer;
	const char *file; /* of a region: its name */
	size_t size;
	int fd;
	int window_fd; /* msharefs: of the process that attached last */
	char *host;    /* where the peer keeps page tables filled, or NULL */
};

struct peer {
	const char *series; /* its name in samples */
	size_t page;	    /* what a first touch brings in; 0: none */
	/* The memory, all of it there, before processes start: 0 or -1. */
	int (*set_up)(struct memory *memory);
	/*
	 * In a process: what makes it usable, from nothing but its name or
	 * descriptor. NULL if it fails.
	 */
	char *(*attach)(struct memory *memory, int index);
	void (*clean_up)(struct memory *memory);
};

extern const struct peer peer_nothing; /* a process without any of this */
extern const struct peer peer_msharefs;
extern const struct peer peer_limit;	 /* sharing done by hand, no daemon */
extern const struct peer peer_hugetlbfs; /* by hand, nobody thought of it */
extern const struct peer peer_sysv_huge; /* shmget(SHM_HUGETLB) */
extern const struct peer peer_hugectl;	 /* shmget() under hugectl --shm */
extern const struct peer peer_shm;	 /* POSIX, 4 KiB pages */
extern const struct peer peer_shm_thp;	 /* tmpfs, huge=always */

/* Whether this machine and user can have it; says why not. */
bool peer_is_here(const struct peer *peer);

/*
 * A range guarded as msharefs guards windows, so that peers do the same work:
 * the userfaultfd, or -1. More features than that needs, or 0.
 */
int peer_guard(char *at, size_t size, uint64_t features);

/* Dies with a message. */
void peer_set_up(struct memory *memory, const struct peer *peer,
		 const char *file, size_t size);

#endif
