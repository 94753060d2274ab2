/* SPDX-License-Identifier: MIT */
/* The programs that mount and unmount: msharefs(8) and fusermount3(1). */
#ifndef MOUNT_PROGRAMS_H
#define MOUNT_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The path of msharefs(8): $MSHAREFS, or the installed one. */
const char *mount_program_path(void);

/*
 * Starts msharefs(8) on dir, with options for -o (or NULL); its messages go to
 * stderr. Returns 0 once it serves, -errno if it could not mount, or -ENOEXEC,
 * after a message, if there is no such program.
 */
int mount_program_start(const char *dir, const char *options);

/*
 * Unmounts dir: by umount(2), or by fusermount3(1) if an ordinary user may not.
 * lazy: even while the mount is in use. Returns 0 or -errno; -EPERM follows a
 * message from fusermount3.
 */
int mount_program_unmount(const char *dir, bool lazy);

/* Reads fd to its end and keeps the beginning in text. */
void mount_program_read_output(int fd, char *text, size_t size);
/*
 * Waits for a child, whatever signals arrive; returns its wait status, or -1 if
 * there is no such child.
 */
int mount_program_wait(pid_t pid);

#endif
