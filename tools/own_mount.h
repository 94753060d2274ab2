/* SPDX-License-Identifier: MIT */
/* A mount of msharefs for one run, on a directory made for it. */
#ifndef OWN_MOUNT_H
#define OWN_MOUNT_H

#include <limits.h>
#include <signal.h>

struct own_mount {
	char dir[PATH_MAX];
	int alive; /* hung up when the daemon has ended */
};

/*
 * options: for -o, or NULL. mask: of signals, for the daemon. 0, or -1 with a
 * message on stderr.
 */
int own_mount_start(struct own_mount *mount, const char *options,
		    const sigset_t *mask);

/*
 * Away from this mount namespace, and its directory. It lives on where it is
 * mounted elsewhere: so it ends when the last process has left the namespace of
 * the run, however that came to its end.
 */
void own_mount_release(struct own_mount *mount);

/* Waits until the daemon has given back all; a moment, if others stay. */
void own_mount_wait(const struct own_mount *mount);

#endif
