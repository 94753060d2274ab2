/* SPDX-License-Identifier: MIT */
/*
 * Ownership: a region ends when the process exits that created its file (-o
 * ownership; doc/interface.md, section 7) or called mshare_create(). Its exec
 * is no exit, nor is the end of one of its threads.
 */
#ifndef OWNER_H
#define OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct owners;
struct region;

int owners_open(struct owners **owners);
/* In the process that will serve; where it is mounted. 0 or -errno. */
int owners_start(struct owners *owners, const char *mountpoint);
void owners_close(struct owners *owners);

/*
 * The process that the thread tid belongs to owns the region, from now on.
 * -EPERM: it cannot be seen from here (another pid namespace); -EMFILE, -ENOMEM
 */
int owners_add(struct owners *owners, pid_t tid, struct region *region);

/*
 * closing.c. The file of a region that has an owner, of that inode number, is
 * being closed by that thread. If this is because its process exits, all
 * regions of the process end now: who has waited for the process finds them
 * empty. (With no such file open, they end a moment later.) And a region that
 * ends with its owner's last descriptor (region_set_owned()) does, if it was.
 */
void owners_closing(struct owners *owners, pid_t tid, struct region *region,
		    uint64_t number);

/* For closing.c: */

bool owners_are_any(struct owners *owners);
/* Ends the regions of a process. */
void owners_process_exits(struct owners *owners, pid_t pid);
/* How many threads look at a process. */
atomic_int *owners_busy(struct owners *owners);
/* Of the mount; 0 if it is not known. */
dev_t owners_device(const struct owners *owners);

#endif
