/* SPDX-License-Identifier: MIT */
/*
 * Many processes that do what they are told, one thing after the other, until
 * the crowd ends. They are told through shared memory: no descriptor a process.
 */
#ifndef CROWD_H
#define CROWD_H

struct crowd;

/* In process "index": does it and answers with a number. */
typedef double crowd_act(void *arg, int index, char what);

struct crowd *crowd_new(int max, crowd_act *act, void *arg);

/* Starts more processes until there are n. */
void crowd_grow(struct crowd *crowd, int n);

/* Dies if the process does. */
double crowd_ask(struct crowd *crowd, int index, char what);

/* All of them at the same time; the answers, by index, unless NULL. */
void crowd_ask_all(struct crowd *crowd, char what, double *answers);

/* They exit; returns when all have. */
void crowd_end(struct crowd *crowd);

#endif
