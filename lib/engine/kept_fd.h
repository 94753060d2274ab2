/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that the engine keeps open in the program. The program may close
 * them, as daemons close all descriptors, and use their numbers for others.
 */
#ifndef KEPT_FD_H
#define KEPT_FD_H

#include <stdint.h>

struct kept_fd {
	int fd; /* -1: none */
	uint64_t device;
	uint64_t ino;
};

#define KEPT_NONE ((struct kept_fd){.fd = -1})

/*
 * Keeps fd, under a high number: programs expect open() to return low ones.
 * Takes fd over, unless it is -1.
 */
void kept_fd_set(struct kept_fd *kept, int fd);
/* The descriptor, or -1 if it is no longer the one that was kept. */
int kept_fd_get(const struct kept_fd *kept);
/* Closes it, if it still is the one. */
void kept_fd_close(struct kept_fd *kept);

#endif
