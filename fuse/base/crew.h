/* SPDX-License-Identifier: MIT */
/*
 * Processes of the keeper's that do one kind of work (closer.h, errand.h). They
 * take it, as a number, from one pipe. In memory that all of them share.
 */
#ifndef CREW_H
#define CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/client_limits.h"

struct crew {
	int take_fd;
	int give_fd; /* the other end, which does not block */
	atomic_uint n;
	/* For the keeper: */
	pid_t members[CREW];
	unsigned int ending; /* members that have been told to end */
};

/* What a member does with a number that it took. */
typedef void crew_work(void *arg, unsigned int number);

/* 0 or -errno. */
int crew_open(struct crew *crew);
void crew_close(struct crew *crew);
/* False: the pipe is full. */
bool crew_give(const struct crew *crew, unsigned int number);

/* For the keeper: */

/* Adds a member, unless there are as many as there may be. */
void crew_add(struct crew *crew, crew_work *work, void *arg);
/* Nothing is left to do: one member suffices again. */
void crew_shrink(struct crew *crew);
/* Whether the process, which has ended, was a member. It is not any more. */
bool crew_forget(struct crew *crew, pid_t pid);

#endif
