/* SPDX-License-Identifier: MIT */
/* The state of a mount and of redirected memory, for msharectl top. */
#ifndef MOUNT_SAMPLE_H
#define MOUNT_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include <mshare_ioctl.h>
#include "redirected_list.h"
#include "region_list.h"
#include "resolve_target.h"

struct mount_sample {
	bool has_mount;
	struct mshare_status_mount mount;
	struct region_list regions;
	bool has_memory; /* it was looked for */
	struct redirected_list memory;
};

/*
 * Reads the state. target: NULL without a mount; memory: whether to look for
 * redirected memory. Returns EX_OK, or the exit status after a message.
 */
int mount_sample_take(struct mount_sample *sample, const struct target *target,
		      bool memory);
void mount_sample_free(struct mount_sample *sample);

/*
 * Formats a sample as text, for free(). before: the sample from which rates are
 * counted; NULL: from the start of the mount. width: of a line; 0: the width of
 * the terminal, if there is one. path: the mount, or NULL. Returns EX_OK, or
 * the exit status after a message.
 */
int mount_sample_text(const struct mount_sample *now,
		      const struct mshare_status_mount *before,
		      const char *path, size_t width, char **text);

/* The lines of that text above the list, including its headings. */
int mount_sample_header(const struct mount_sample *sample);

#endif
