/* SPDX-License-Identifier: MIT */
/* The regions of a mount that have names, and what is known of each. */
#ifndef REGION_LIST_H
#define REGION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <mshare_ioctl.h>
#include "resolve_target.h"

struct region {
	char *name; /* in the mount */
	struct stat st;
	bool known; /* the caller may look into it: status and saved are set */
	struct mshare_status_region status;
	uint64_t saved; /* bytes of page tables, see regions_saved() */
};

struct regions {
	struct region *v;
	size_t n;
};

/*
 * Those at and below where->path, by name. EX_OK, or the status to end with
 * after a message. quiet: not a word of directories that cannot be read.
 */
int regions_read(struct regions *regions, const struct where *where,
		 const struct mshare_status_mount *mount, bool quiet);
void regions_free(struct regions *regions);

/* "ok", "unsized", "ended", or "denied" if it may not be looked into. */
const char *regions_state(const struct region *region);

/*
 * What page tables of the windows would take if each had its own, of 4 KiB
 * pages, less what they do take; 0 if that is not less. own_units: of all
 * windows together, whether they share otherwise or not.
 */
uint64_t regions_saved(const struct mshare_status_mount *mount,
		       const struct mshare_status_region *region,
		       uint64_t own_units);

#endif
