/* SPDX-License-Identifier: MIT */
/* A mount of msharefs for one run, on a directory created for it. */
#ifndef OWN_MOUNT_H
#define OWN_MOUNT_H

#include <limits.h>
#include <signal.h>

struct own_mount {
	char dir[PATH_MAX];
	int alive; /* hangs up when the daemon has ended */
};

/*
 * Mounts. options: for -o, or NULL. mask: the signal mask for the daemon.
 * Returns 0, or -1 after a message on stderr.
 */
int own_mount_start(struct own_mount *mount, const char *options,
		    const sigset_t *mask);

/*
 * Unmounts in this mount namespace and removes the directory. The mount stays
 * where it is bound in the namespace of the run, so it ends when the last
 * process leaves that namespace, even if we are killed.
 */
void own_mount_release(struct own_mount *mount);

/*
 * Waits until the daemon has released everything, or for two seconds if other
 * processes keep the mount.
 */
void own_mount_wait(const struct own_mount *mount);

#endif
