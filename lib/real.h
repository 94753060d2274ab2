/* SPDX-License-Identifier: MIT */
/*
 * The functions that the wrappers stand before. Before real_init() has run, the
 * memory calls are raw system calls, so that they work from the first
 * instruction of the process, without a branch.
 */
#ifndef REAL_H
#define REAL_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct real {
	void *(*mmap)(void *, size_t, int, int, int, int64_t);
	int (*munmap)(void *, size_t);
	int (*mprotect)(void *, size_t, int);
	void *(*mremap)(void *, size_t, size_t, int, void *);
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	void (*(*signal)(int, void (*)(int)))(int);
	void (*(*sysv_signal)(int, void (*)(int)))(int);
	void (*(*sigset)(int, void (*)(int)))(int);
	int (*sigignore)(int);
	int (*siginterrupt)(int, int);
};

extern struct real real;

void real_init(void);

#endif
