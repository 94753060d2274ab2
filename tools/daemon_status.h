/* SPDX-License-Identifier: MIT */
/* What the daemon alone knows: lists of <mshare_ioctl.h>, whole. */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <stddef.h>

#include <mshare_ioctl.h>

struct status_maps {
	struct mshare_status_mapping *v;
	size_t n;
};

struct status_windows {
	struct mshare_status_window *v;
	size_t n;
};

/* All: 0 or -errno. ENOTTY: the daemon is older than this. */
int status_mount(int fd, struct mshare_status_mount *mount);
int status_region(int fd, struct mshare_status_region *region);
/* For free() of v, which is NULL on failure. */
int status_maps(int fd, struct status_maps *maps);
int status_windows(int fd, struct status_windows *windows);

#endif
