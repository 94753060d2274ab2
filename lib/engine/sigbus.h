/* SPDX-License-Identifier: MIT */
/*
 * Turns SIGBUS for holes of windows into SIGSEGV, as msharefs promises. From
 * the first window on, the SIGBUS handler of the process is ours, and the
 * program's own action is kept here.
 *
 * The handler queues a SIGSEGV to its own thread, with SEGV_MAPERR or
 * SEGV_ACCERR and the address, and returns. The kernel delivers that signal at
 * the faulting instruction, as it delivers a real one. So everything a program
 * can do with SIGSEGV works (a stack of its own, siglongjmp(), SA_RESETHAND,
 * the default action), and SIGSEGV needs no wrapper.
 */
#ifndef SIGBUS_H
#define SIGBUS_H

#include <signal.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * Installs the handler, the first time it is called. The caller holds the lock
 * of the window table.
 */
void sigbus_install(void);

/*
 * Says of an address that is in no window whether SIGBUS there is to be a
 * SIGSEGV; NULL: of none. Async-signal-safe.
 */
extern bool (*sigbus_is_hole)(uintptr_t addr);

/* Whether the handler is installed. */
extern atomic_bool sigbus_installed;

/* sigaction(SIGBUS) on the action of the program. 0 or -errno. */
int sigbus_sigaction(const struct sigaction *act, struct sigaction *old);

#endif
