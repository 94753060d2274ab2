/* SPDX-License-Identifier: MIT */
/* Processes and users, in words. */
#ifndef PROCESS_INFO_H
#define PROCESS_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_NAME 64

/* Its command, as of /proc/PID/comm; false: it is not to be seen. */
bool process_command(pid_t pid, char name[PROCESS_NAME]);
/* The user it belongs to. */
bool process_user(pid_t pid, uid_t *uid);
/* Its name, or the number if it has none. */
const char *process_user_name(uid_t uid, char name[PROCESS_NAME]);

/*
 * Whether the numbers of processes that the daemon tells mean the same here:
 * that its own is a daemon's. In another PID namespace they do not.
 */
bool process_same_namespace(pid_t daemon);

#endif
