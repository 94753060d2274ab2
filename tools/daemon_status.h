/* SPDX-License-Identifier: MIT */
/*
 * Queries the daemon with the ioctls of <mshare_ioctl.h>; lists come complete.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <stddef.h>

#include <mshare_ioctl.h>

struct daemon_status_maps {
	struct mshare_status_mapping *v;
	size_t n;
};

struct daemon_status_windows {
	struct mshare_status_window *v;
	size_t n;
};

/* Mappings, or windows: so many fit into memory and on no screen. */
#define DAEMON_STATUS_LONGEST (1U << 18)

/*
 * All return 0 or -errno; -ENOTTY means that the daemon is older than
 * msharectl; -EPROTO: its answer makes no sense; -E2BIG: a list is longer than
 * DAEMON_STATUS_LONGEST.
 */
/* The strings are terminated, and page and align are not 0. */
int daemon_status_mount(int fd, struct mshare_status_mount *mount);
int daemon_status_region(int fd, struct mshare_status_region *region);
/* The caller frees v, which is NULL on failure. */
int daemon_status_maps(int fd, struct daemon_status_maps *maps);
int daemon_status_windows(int fd, struct daemon_status_windows *windows);

#endif
