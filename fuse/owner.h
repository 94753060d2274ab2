/* SPDX-License-Identifier: MIT */
/*
 * Ownership (-o ownership, SPEC section 7): a region ends when the process that
 * created its file exits. Its exec is no exit, nor is the end of one of its
 * threads.
 */
#ifndef OWNER_H
#define OWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct owners;
struct region;

int owners_open(struct owners **owners);
/* In the process that will serve. 0 or -errno. */
int owners_start(struct owners *owners);
void owners_close(struct owners *owners);

/*
 * The process that the thread tid belongs to owns the region, from now on.
 * -EPERM: it cannot be seen from here (another pid namespace); -EMFILE, -ENOMEM
 */
int owners_add(struct owners *owners, pid_t tid, struct region *region);

/*
 * A file of ours is being closed by that thread. If that is because its process
 * exits, all regions of the process end now: who has waited for the process
 * finds them empty. (With no file of ours open, they end a moment later.)
 */
void owners_closing(struct owners *owners, pid_t tid);

#endif
