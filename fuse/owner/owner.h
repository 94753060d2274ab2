/* SPDX-License-Identifier: MIT */
/*
 * Ownership: a region ends when its owner exits. The owner is the process that
 * created the file (-o ownership; doc/interface.md, section 7) or that called
 * mshare_create(). An exec() is not an exit, nor is the end of one thread.
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
/* Starts the thread, in the process that serves. 0 or -errno. */
int owners_start(struct owners *owners, const char *mountpoint);
void owners_close(struct owners *owners);

/*
 * Makes the process of thread tid the owner of the region. -EPERM if the daemon
 * cannot see the process (another pid namespace), -EMFILE or -ENOMEM.
 */
int owners_add(struct owners *owners, pid_t tid, struct region *region);

/*
 * owner_close.c: thread tid is closing the file of a region that has an owner;
 * number is the inode number. If the thread closes it because its process
 * exits, all regions of the process end before this returns, so that a parent
 * that waits for the process finds them empty. (They end a moment later if the
 * process has no such file open.) A region that ends with its owner's last
 * descriptor (region_set_owned()) ends if this was the last.
 */
void owners_closing(struct owners *owners, pid_t tid, struct region *region,
		    uint64_t number);

/* For owner_close.c: */

bool owners_are_any(struct owners *owners);
/* Ends the regions of a process. */
void owners_process_exits(struct owners *owners, pid_t pid);
/* Counts the threads that are reading /proc; owners_close() awaits them. */
atomic_int *owners_busy(struct owners *owners);
/* The device number of the mount; 0 if unknown. */
dev_t owners_device(const struct owners *owners);

#endif
