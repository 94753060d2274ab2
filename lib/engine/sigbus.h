/* SPDX-License-Identifier: MIT */
/*
 * Faults in holes. The kernel says SIGBUS; msharefs says SIGSEGV. From the
 * first window on, the process's SIGBUS handler is ours, and the program's own
 * is kept here.
 *
 * The handler makes a SIGSEGV of it by queueing one to its own thread, with
 * SEGV_MAPERR and the address, and returning: the kernel delivers it at the
 * faulting instruction, as it does a real one. So whatever the program does
 * with SIGSEGV (its own stack, siglongjmp, SA_RESETHAND, or nothing) works, and
 * SIGSEGV needs no wrapper.
 */
#ifndef SIGBUS_H
#define SIGBUS_H

#include <signal.h>
#include <stdbool.h>
#include <stdatomic.h>

/* Under the windows lock; the first call does it. */
void fault_install(void);

/* Whether SIGBUS is in our hands. */
extern atomic_bool fault_installed;

/* In the child after fork(). */
void fault_forked(void);

/* sigaction(SIGBUS) on the program's own action: 0 or -errno. */
int fault_sigaction(const struct sigaction *act, struct sigaction *old);

#endif
