/* SPDX-License-Identifier: MIT */
/*
 * Tells whether another process has this process's redirected memory, however
 * it came to it: fork(), clone() or a system call that no wrapper sees. A
 * witness is a System V segment of one page, which the kernel copies together
 * with the memory, and whose users it counts. It is removed as soon as it is
 * attached, so that it ends with its last process.
 */
#ifndef SHARE_WITNESS_H
#define SHARE_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

struct witness {
	int id; /* -1: none could be made */
	uintptr_t at;
};

#define NO_WITNESS ((struct witness){.id = -1})

/* A witness of memory that is made now. */
struct witness witness_new(void);

/* Whether this process is the only one that has it. False if in doubt. */
bool witness_is_alone(const struct witness *w);

void witness_drop(const struct witness *w);

#endif
