/* SPDX-License-Identifier: MIT */
/* Standing in for a child process, so that whoever started us notices little.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <signal.h>
#include <sys/types.h>

struct supervise {
	sigset_t mask;		/* as it was, for the child */
	struct sigaction child; /* of SIGCHLD, likewise */
};

/* From here on, signals wait for supervise_wait(). */
void supervise_begin(struct supervise *s);
/* In the child: as it was before. */
void supervise_end(const struct supervise *s);

/* Passes on what we are sent; stops and goes on with it. Its wait status. */
int supervise_wait(pid_t child);
/* Ends us as it has ended. */
_Noreturn void supervise_exit(int status);

#endif
