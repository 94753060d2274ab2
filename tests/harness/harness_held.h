/* SPDX-License-Identifier: MIT */
/*
 * What a test program and everything that it started hold at this moment:
 * memory, mounts, sockets and processes. Nothing here counts for the whole
 * machine, so other programs on it do not matter.
 */
#ifndef HARNESS_HELD_H
#define HARNESS_HELD_H

struct held {
	long huge_kib;	/* huge pages of files and mappings */
	long small_kib; /* memory of regions without huge pages */
	int mounts;	/* of msharefs, below $MSHARE_TEST_PREFIX */
	int sockets;	/* on which a daemon listens */
	int processes;	/* running, besides the test program itself */
};

/*
 * Makes this process the root of the tree that is looked at: processes that
 * lose their parent become its children. Called once, before any fork().
 */
void held_init(void);

struct held held_now(void);

/* Reaps processes that lost their parent and have ended. */
void held_reap(void);

#endif
