/* SPDX-License-Identifier: MIT */
/*
 * Runs a helper program from within a host program, which does not notice: the
 * host gets no SIGCHLD and no child in wait(). The helper inherits no
 * descriptors, handlers or blocked signals, prints nothing, and does not
 * preload this library.
 */
#ifndef SPAWN_HELPER_H
#define SPAWN_HELPER_H

struct spawn_helper {
	const char *const *paths; /* the first that exists; ends with NULL */
	char *const *argv;
	int keep; /* the helper's descriptor 3; -1: none */
};

/*
 * Runs the helper and waits for it. Returns its exit status, 128 plus the
 * signal that killed it, or -errno if it could not be run. Call with signals
 * blocked.
 */
int spawn_helper_run(const struct spawn_helper *spawn);

#endif
