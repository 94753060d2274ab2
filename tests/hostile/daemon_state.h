/* SPDX-License-Identifier: MIT */
/* What the daemon of the program's mount has of the machine. */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include <stdbool.h>

struct daemon_state {
	int fds;
	int regions; /* mappings of regions */
	int areas;   /* all mappings */
	long threads;
	long resident_kib;
	long size_kib;
};

/* When it has heard of the last munmap(). */
struct daemon_state daemon_state_settled(void);

/*
 * Waits until it has what it had before: the same descriptors and mappings of
 * regions; else as much, but for threads that libfuse keeps. If that does not
 * come, prints what is left.
 */
bool daemon_is_again(struct daemon_state *before);

#endif
