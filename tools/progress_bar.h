/* SPDX-License-Identifier: MIT */
/*
 * The progress of a long call: one line on stderr, if that is a terminal. A
 * signal that would end the process interrupts the call instead, so that the
 * caller can undo it.
 */
#ifndef PROGRESS_BAR_H
#define PROGRESS_BAR_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct progress_bar {
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

/* Starts the bar; a thread of its own calls done. Returns 0 or -errno. */
int progress_bar_begin(struct progress_bar *bar);
/* The signal that has arrived, or 0. */
int progress_bar_signal(void);
/*
 * Removes the bar. Returns the signal that has arrived, or 0. The caller undoes
 * its work and then passes the signal to progress_bar_end_by(), which ends the
 * process by it.
 */
int progress_bar_end(struct progress_bar *bar);
_Noreturn void progress_bar_end_by(int sig);

#endif
