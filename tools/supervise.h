/* SPDX-License-Identifier: MIT */
/*
 * Stands in for a child process, so that our parent sees it as if it were the
 * child.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <signal.h>
#include <sys/types.h>

struct supervise {
	sigset_t mask;		/* the previous mask, for the child */
	struct sigaction child; /* the previous action of SIGCHLD */
};

/* Blocks signals: from now on they wait for supervise_wait(). */
void supervise_begin(struct supervise *s);
/* In the child: restores what was there before. */
void supervise_end(const struct supervise *s);

/* Passes signals on to the child until it ends; returns its wait status. */
int supervise_wait(pid_t child);
/* Ends this process with the status or the signal of the child. */
_Noreturn void supervise_exit(int status);

#endif
