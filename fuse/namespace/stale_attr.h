/* SPDX-License-Identifier: MIT */
/*
 * Tells whether a change of a directory must invalidate the attributes that the
 * kernel caches.
 *
 * When a process makes or removes a name, the kernel itself marks its cached
 * attributes of the directory as stale. But if an answer to another thread's
 * stat() is on its way meanwhile, that answer puts the old attributes back into
 * the cache. Then the daemon must invalidate them (server_attr_changed()),
 * which costs as much as half a request. A thread receives each answer before
 * it sends its next request. So no answer can be on its way if the directory's
 * attributes were sent to no thread, or only to the one that changes the
 * directory.
 */
#ifndef STALE_ATTR_H
#define STALE_ATTR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Starts as all zeroes; atomic, so it needs no lock. */
struct stale_attr {
	atomic_int thread; /* 0: none got attributes, below 0: several */
};

/* Call it before reading attributes to answer tid (0: unknown thread). */
void stale_attr_answered(struct stale_attr *attr, pid_t tid);

/*
 * Call it after a change that tid asked for. True: an answer to another thread
 * may be on its way, so the caller must now invalidate the kernel's attributes,
 * which also makes the kernel discard such answers.
 */
bool stale_attr_others(struct stale_attr *attr, pid_t tid);

#endif
