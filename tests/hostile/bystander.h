/* SPDX-License-Identifier: MIT */
/* The normal user, and how long his calls take. */
#ifndef BYSTANDER_H
#define BYSTANDER_H

#include <stdint.h>

enum times {
	QUIET,
	ATTACKED,
	TIMES
};

struct bystander;

struct bystander *bystander_new(void);
void bystander_free(struct bystander *bystander);

/* In a child: he creates, attaches, changes and unlinks, many times. */
void bystander_lives(struct bystander *bystander, enum times when);
/* Prints how his calls under attack compare with those in quiet. */
void bystander_report(struct bystander *bystander);

#endif
