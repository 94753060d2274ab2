/* SPDX-License-Identifier: MIT */
/* A mount at one moment, as msharectl top shows it. */
#ifndef MOUNT_SAMPLE_H
#define MOUNT_SAMPLE_H

#include <stddef.h>

#include <mshare_ioctl.h>
#include "region_list.h"
#include "resolve_target.h"

struct sample {
	struct mshare_status_mount mount;
	struct regions regions;
};

/* Lines of sample_text() above the list of regions, with its headings. */
#define SAMPLE_HEADER 7

/* EX_OK, or the status to end with after a message. */
int sample_take(struct sample *sample, const struct where *where);
void sample_free(struct sample *sample);

/*
 * In words, for free(). before: what rates are counted from; NULL: the
 * beginning of the mount. width: of a line; 0: as the terminal, or any. EX_OK
 * or as sample_take().
 */
int sample_text(const struct sample *now,
		const struct mshare_status_mount *before, const char *path,
		size_t width, char **text);

#endif
