/* SPDX-License-Identifier: MIT */
/* A mount of msharefs for one run, on a directory created for it. */
#ifndef OWN_MOUNT_H
#define OWN_MOUNT_H

#include <limits.h>
#include <signal.h>
#include <sys/types.h>

struct own_mount {
	char dir[PATH_MAX];
	int alive;     /* hangs up when the daemon has ended */
	pid_t keeper;  /* the process that unmounts it */
	int to_keeper; /* it does so when this is closed */
};

/*
 * Mounts. options: for -o, or NULL. mask: the signal mask for the daemon.
 * Returns 0, or -1 after a message on stderr.
 */
int own_mount_start(struct own_mount *mount, const char *options,
		    const sigset_t *mask);

/* In a child: the mount is its parent's, which alone may hold it. */
void own_mount_leave(const struct own_mount *mount);

/*
 * Unmounts in this mount namespace and removes the directory, which also
 * happens if we are killed before. The mount stays where it is bound in the
 * namespace of the run, so it ends when the last process leaves that namespace,
 * even if we are killed.
 */
void own_mount_release(const struct own_mount *mount);

/*
 * Waits until the daemon has released everything, or for two seconds if other
 * processes keep the mount.
 */
void own_mount_wait(const struct own_mount *mount);

#endif
