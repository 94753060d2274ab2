/* SPDX-License-Identifier: MIT */
/* A mount at one moment, as msharectl top shows it. */
#ifndef MOUNT_SAMPLE_H
#define MOUNT_SAMPLE_H

#include <stddef.h>

#include <mshare_ioctl.h>
#include "region_list.h"
#include "resolve_target.h"

struct mount_sample {
	struct mshare_status_mount mount;
	struct region_list regions;
};

/* Lines of mount_sample_text() above the list of regions, with its headings. */
#define MOUNT_SAMPLE_HEADER 7

/* EX_OK, or the status to end with after a message. */
int mount_sample_take(struct mount_sample *sample, const struct target *target);
void mount_sample_free(struct mount_sample *sample);

/*
 * In words, for free(). before: what rates are counted from; NULL: the
 * beginning of the mount. width: of a line; 0: as the terminal, or any. EX_OK
 * or as mount_sample_take().
 */
int mount_sample_text(const struct mount_sample *now,
		      const struct mshare_status_mount *before,
		      const char *path, size_t width, char **text);

#endif
