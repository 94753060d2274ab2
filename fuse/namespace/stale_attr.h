/* SPDX-License-Identifier: MIT */
/*
 * Who may still be about to believe old attributes of a directory.
 *
 * When a name is made or removed the kernel itself notes that what it knows of
 * the directory is old. But an answer to stat() that is under way would make it
 * believe that again: then it must be told (server_attr_changed()), which takes
 * as long as half a request. A thread has seen to each answer before it asks
 * for more; so if whoever changes the directory is the only one who was told of
 * it, or nobody was, nothing is under way.
 */
#ifndef STALE_ATTR_H
#define STALE_ATTR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* All 0 at first */
struct stale_attr {
	atomic_int thread; /* 0: nobody, below 0: several */
};

/* Before attributes are read to answer that thread; 0: it is not known. */
void stale_attr_answered(struct stale_attr *attr, pid_t tid);

/*
 * After a change that thread has asked for: whether another one may be about to
 * believe what was before. Then the kernel must be told, after this; whatever
 * is under way is void with that.
 */
bool stale_attr_others(struct stale_attr *attr, pid_t tid);

#endif
