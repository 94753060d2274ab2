/* SPDX-License-Identifier: MIT */
/* The directory to mount on: finds it, makes it in sysfs, and looks at it. */
#ifndef MOUNTPOINT_H
#define MOUNTPOINT_H

#include "common/sysfs_overlay.h"
#include "options.h"

/*
 * Makes options->mountpoint absolute, as a daemon leaves its working directory.
 * If it is missing in sysfs, makes it, with an overlay that the caller removes
 * at the end. 0, or -errno after a message: -EBUSY if msharefs is mounted there
 * already.
 */
int mountpoint_find(struct options *options, struct sysfs_overlay *cover);
void mountpoint_uncover(struct sysfs_overlay *cover);

#endif
