/* SPDX-License-Identifier: MIT */
/*
 * Running a program from inside somebody else's: it hears nothing of it. No
 * SIGCHLD, no child for its wait(), no descriptor, handler or blocked signal
 * inherited, nothing printed, and this library is not preloaded.
 */
#ifndef SPAWN_HELPER_H
#define SPAWN_HELPER_H

struct spawn {
	const char *const *paths; /* the first that there is; NULL ends them */
	char *const *argv;
	int keep; /* becomes descriptor 3; -1: none */
};

/*
 * Runs it to its end. Its exit status, 128 and more if a signal ended it, or
 * -errno if there is no such program or no room. Call with signals blocked.
 */
int spawn_wait(const struct spawn *spawn);

#endif
