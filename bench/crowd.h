/* SPDX-License-Identifier: MIT */
/*
 * Many processes that carry out requests until the crowd ends. Requests go
 * through shared memory, so that a process needs no descriptor.
 */
#ifndef CROWD_H
#define CROWD_H

struct crowd;

/* Runs in process "index" for each request; returns the answer. */
typedef double crowd_act(void *arg, int index, char what);

struct crowd *crowd_new(int max, crowd_act *act, void *arg);

/* Starts more processes until there are n. */
void crowd_grow(struct crowd *crowd, int n);

/* The answer of one process. Exits if that process dies. */
double crowd_ask(struct crowd *crowd, int index, char what);

/* All processes at the same time. answers: by index, or NULL. */
void crowd_ask_all(struct crowd *crowd, char what, double *answers);

/* Makes all processes exit, and waits for them. */
void crowd_end(struct crowd *crowd);

#endif
