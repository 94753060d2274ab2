/* SPDX-License-Identifier: MIT */
/*
 * Asks /proc about processes that use the mount. Reading the files of a process
 * that is in exec() waits for the exec(), which may be waiting for the daemon:
 * owner_close.c asks from a thread of its own.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns the process of a thread; 0 if it cannot be seen. */
pid_t process_of_thread(pid_t tid);
/* True if all threads of the process are exiting. */
bool process_is_exiting(pid_t pid);
bool process_thread_is_exiting(pid_t tid);

/*
 * Identifies a file from the kernel's cache, without a request to the daemon of
 * its filesystem, which may be this one.
 */
struct file_id {
	dev_t device; /* 0 on failure; errno says why */
	uint64_t number;
};
struct file_id process_file_id(const char *path);
/* True if the thread has the file open, or if that cannot be found out. */
bool process_has_file(pid_t tid, const struct file_id *file);

#endif
