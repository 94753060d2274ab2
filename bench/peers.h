/* SPDX-License-Identifier: MIT */
/* Ways to share memory between processes: msharefs and its peers. */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory {
	const struct peer *peer;
	const char *file; /* msharefs: the name of the region */
	size_t size;
	int fd;
	int window_fd; /* msharefs: descriptor of the last process that attached
			*/
	char *host;    /* mapping that keeps page tables filled, or NULL */
};

struct peer {
	const char *series; /* its name in samples */
	size_t page;	    /* size that one page fault fills; 0: none */
	/* Allocates all memory, before processes start: 0 or -1. */
	int (*set_up)(struct memory *memory);
	/*
	 * In a process: maps the memory, given only its name or descriptor.
	 * NULL if that fails.
	 */
	char *(*attach)(struct memory *memory, int index);
	void (*clean_up)(struct memory *memory);
};

extern const struct peer peer_nothing; /* no shared memory at all */
extern const struct peer peer_msharefs;
extern const struct peer peer_limit;	 /* tables shared by hand, no daemon */
extern const struct peer peer_hugetlbfs; /* mapped by hand, tables not shared */
extern const struct peer peer_sysv_huge; /* shmget(SHM_HUGETLB) */
extern const struct peer peer_hugectl;	 /* shmget() under hugectl --shm */
extern const struct peer peer_shm;	 /* POSIX, 4 KiB pages */
extern const struct peer peer_shm_thp;	 /* tmpfs, huge=always */

/* Whether this machine and user can use it; if not, prints why. */
bool peer_is_here(const struct peer *peer);

/*
 * Guards a range as msharefs guards windows, so that peers do the same work.
 * features: additional ones, or 0. Returns the userfaultfd, or -1.
 */
int peer_guard(char *at, size_t size, uint64_t features);

/* Exits with a message on failure. */
void peer_set_up(struct memory *memory, const struct peer *peer,
		 const char *file, size_t size);

#endif
