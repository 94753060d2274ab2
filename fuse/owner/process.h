/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of processes that use the mount. While one becomes another
 * program its files there wait for that, and it may wait for us.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that the thread belongs to; 0 if it is not seen. */
pid_t process_of_thread(pid_t tid);
/* All of it, not one of its threads. */
bool process_is_exiting(pid_t pid);
bool process_thread_is_exiting(pid_t tid);

/* A file, without asking the daemon of its filesystem (us) for anything. */
struct file_id {
	dev_t device; /* 0: see errno */
	uint64_t number;
};
struct file_id process_file_id(const char *path);
/* Whether the thread has that file open, or it cannot be known. */
bool process_has_file(pid_t tid, const struct file_id *file);

#endif
