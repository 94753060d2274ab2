/* SPDX-License-Identifier: MIT */
/* What closer.c, in the daemon, and closer_keeper.c share. */
#ifndef CLOSER_INTERNAL_H
#define CLOSER_INTERNAL_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/client_limits.h"
#include "base/crew.h"
#include "base/errand_internal.h"

enum closing_state {
	CLOSING_FREE,	/* the slot is free */
	CLOSING_QUEUED, /* its index is in the pipe */
	CLOSING_NOW,	/* a process is in close() */
	CLOSING_PARKED, /* its user occupies enough processes */
};

/* One descriptor that is to be closed. */
struct closing {
	_Atomic int state; /* enum closing_state */
	int fd;
	uid_t uid;
	pid_t closer;	/* with CLOSING_NOW */
	uint64_t since; /* with CLOSING_NOW: now_ms() */
};

/* In memory that all these processes share. */
struct closer {
	atomic_uint waiting; /* slots that are not free */
	atomic_uint stuck;   /* processes that have been in close() for long */
	atomic_bool ticking; /* the timer is set */
	atomic_bool is_kept; /* the keeper has started the first ones */
	struct crew closers; /* they take indexes of queued slots */
	struct closing slots[CLOSING];
	struct errands errands;

	/* Constant, and valid in each process, as the table is shared: */
	int timer_fd;
	pid_t daemon;
};

/* What the keeper does, all its life. */
_Noreturn void closer_keep(struct closer *closer);

#endif
