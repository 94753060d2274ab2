/* SPDX-License-Identifier: MIT */
/*
 * How far a long call has come: one line on stderr that is drawn again, if that
 * is a terminal. A signal that ends us interrupts the call, in which case it
 * can be undone.
 */
#ifndef PROGRESS_BAR_H
#define PROGRESS_BAR_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct bar {
	uint64_t (*done)(void *arg); /* bytes */
	void *arg;
	uint64_t total; /* bytes */
	/* private */
	pthread_t thread;
	pthread_t caller;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool ended; /* lock */
	bool drawn;
	sigset_t mask;
};

/* From here on; done is called by a thread of its own. 0 or -errno. */
int bar_begin(struct bar *bar);
/* The signal that has come, or 0. */
int bar_signal(void);
/*
 * The line is taken away. The signal that came meanwhile, or 0: for
 * bar_end_by(), once all is undone.
 */
int bar_end(struct bar *bar);
_Noreturn void bar_end_by(int sig);

#endif
