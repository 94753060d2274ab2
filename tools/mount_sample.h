/* SPDX-License-Identifier: MIT */
/* The state of a mount at one moment, for msharectl top. */
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

/*
 * The lines of mount_sample_text() above the list of regions, including its
 * headings.
 */
#define MOUNT_SAMPLE_HEADER 7

/* Reads the state. Returns EX_OK, or the exit status after a message. */
int mount_sample_take(struct mount_sample *sample, const struct target *target);
void mount_sample_free(struct mount_sample *sample);

/*
 * Formats a sample as text, for free(). before: the sample from which rates are
 * counted; NULL: from the start of the mount. width: of a line; 0: the width of
 * the terminal, if there is one. Returns EX_OK, or the exit status after a
 * message.
 */
int mount_sample_text(const struct mount_sample *now,
		      const struct mshare_status_mount *before,
		      const char *path, size_t width, char **text);

#endif
