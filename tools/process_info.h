/* SPDX-License-Identifier: MIT */
/* Names of processes and users, for people to read. */
#ifndef PROCESS_INFO_H
#define PROCESS_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_INFO_NAME 64

/* The command of a process, as in /proc/PID/comm; false: it is not visible. */
bool process_info_command(pid_t pid, char name[PROCESS_INFO_NAME]);
/* The user a process belongs to; false: it is not visible. */
bool process_info_user(pid_t pid, uid_t *uid);
/* The name of a user, or the number if it has no name. */
const char *process_info_user_name(uid_t uid, char name[PROCESS_INFO_NAME]);

/*
 * Whether process ids that the daemon reports are valid here: tells by whether
 * its own id names a msharefs process. In another PID namespace it does not.
 */
bool process_info_same_namespace(pid_t daemon);

#endif
