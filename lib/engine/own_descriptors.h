/* SPDX-License-Identifier: MIT */
/*
 * Talks to the daemon when the program has used up its descriptors: in a thread
 * with a table of descriptors of its own, so that none of the program's is
 * needed, closed or seen.
 */
#ifndef OWN_DESCRIPTORS_H
#define OWN_DESCRIPTORS_H

#include <errno.h>
#include <stdbool.h>

static inline bool out_of_descriptors(int err)
{
	return err == -EMFILE || err == -ENFILE;
}

/*
 * The call fails for it: no window goes without its guard because the process
 * is short of something.
 */
static inline bool is_short(int err)
{
	return out_of_descriptors(err) || err == -ENOMEM;
}

/*
 * Runs run(arg) in such a thread, which has no descriptor at first, and waits
 * for it. It shares memory, user and process with the caller; what it opens is
 * closed when it returns. Returns what run() returns, or -EMFILE if there can
 * be no such thread. Async-signal-safe.
 */
int own_descriptors_run(int (*run)(void *), void *arg);

#endif
