/* SPDX-License-Identifier: MIT */
/*
 * What tests of hostile users share: one user attacks, another leads a normal
 * life meanwhile. Root becomes both of them.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdint.h>
#include <sys/types.h>

#include "harness/harness.h"

/* Ordinary users */
#define HOSTILE 65534 /* nobody: fusermount3 serves only who has a name */
#define NORMAL 23456
#define STRANGER 34567 /* has no file in the mount */

#define RW (PROT_READ | PROT_WRITE)

/*
 * How long a call of the normal user may take. A timing is no test: this is far
 * above what a busy machine takes, and below what a call takes that waits for
 * somebody. How much longer than usual his calls take is printed.
 */
#define HANG_MS 2000

/* Asserts that the call of a child succeeds, in time. */
#define QUICK(call)                                            \
	do {                                                   \
		uint64_t quick_before = clock_us();            \
                                                               \
		CHILD_ASSERT(call);                            \
		CHILD_ASSERT(took(clock_us() - quick_before)); \
	} while (0)

uint64_t clock_us(void);
/* Notes how long a call took. False: that is too long. */
bool took(uint64_t us);

/* What the program's mount has. */
extern uint64_t align, page;

/* In a child of root: becomes that user, who has no other group. */
void become(uid_t uid);
/* Likewise; a process that its user may trace, like one that he starts. */
void become_traceable(uid_t uid);

struct attack {
	void (*run)(void);
	uid_t uid;
	/* As the same user in another process, while it goes on; or NULL */
	void (*meanwhile)(void *arg);
	const char *said; /* what the daemon logs meanwhile; or NULL */
};

/* An attack that does not return says itself that it has begun. */
void attack_has_begun(void);
/* A process that it has started says so instead of this one. */
void attack_is_anothers(void);
_Noreturn void attack_goes_on(void);
/*
 * Runs the attack in a child, until end_attack(); returns when it has begun.
 * All processes that it starts end with it.
 */
pid_t begin_attack(const struct attack *attack);
void end_attack(pid_t pid);
/*
 * Another user creates, attaches, changes and unlinks, first in quiet, then
 * while the attack goes on: none of his calls fails, and none hangs. Afterwards
 * the daemon has what it had before.
 */
void under_attack(const struct attack *attack);
/* Skips the test for all but root. */
bool can_be_others(void);

/* For before_tests and main() */
void hostile_look(void);
int run_hostile_tests(const char *name, const struct test *tests, size_t n);

#endif
