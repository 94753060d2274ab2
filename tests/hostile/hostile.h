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

#define HANG_MS 1000 /* how long a call of the normal user may take */
#define ROUNDS 20    /* how often he makes each */

/* Asserts that the call succeeds, in time. */
#define QUICK(call)                                          \
	do {                                                 \
		uint64_t before = clock_ms();                \
                                                             \
		CHILD_ASSERT(call);                          \
		CHILD_ASSERT(clock_ms() - before < HANG_MS); \
	} while (0)

uint64_t clock_ms(void);
/* In a child of root: becomes that user, who has no other group. */
void become(uid_t uid);

struct attack {
	void (*run)(void);
	uid_t uid;
	const char *said; /* what the daemon logs meanwhile; or NULL */
};

/* An attack that does not return says itself that it has begun. */
void attack_has_begun(void);
/* Runs the attack in a child, until it is killed; returns when it has begun. */
pid_t begin_attack(const struct attack *attack);
/*
 * Runs normal_life() in another child meanwhile: it must succeed. Afterwards
 * the daemon has the descriptors that it had before.
 */
void under_attack(const struct attack *attack, void (*normal_life)(void *arg));
/* Skips the test for all but root. */
bool can_be_others(void);

#endif
