/* SPDX-License-Identifier: MIT */
/* The programs that mount and unmount. */
#ifndef MOUNT_PROGRAMS_H
#define MOUNT_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* msharefs(8): $MSHAREFS, or the installed one. */
const char *mount_program_path(void);

/*
 * Starts it on dir, with options for -o, or NULL. What it says is on stderr.
 * 0 when it serves; -errno when it could not; -ENOEXEC: there is no such
 * program, and a message was given.
 */
int mount_program_start(const char *dir, const char *options);

/*
 * Takes a mount away: umount(2), or fusermount3(1) for what that refuses to an
 * ordinary user. lazy: also while it is in use. 0 or -errno: -EPERM after a
 * message of fusermount3.
 */
int mount_program_unmount(const char *dir, bool lazy);

/* The beginning of what a child says, until it says no more. */
void mount_program_read_output(int fd, char *text, size_t size);
/* Wait status of a child, whatever signals come; -1: there is none. */
int mount_program_wait(pid_t pid);

#endif
