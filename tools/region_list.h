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

struct region_entry {
	char *name; /* in the mount */
	struct stat st;
	bool known; /* the caller may look into it: status and saved are set */
	struct mshare_status_region info;
	uint64_t saved; /* bytes of page tables, see region_list_saved() */
};

struct region_list {
	struct region_entry *v;
	size_t n;
};

/*
 * Those at and below target->path, by name. EX_OK, or the status to end with
 * after a message. quiet: not a word of directories that cannot be read.
 */
int region_list_read(struct region_list *regions, const struct target *target,
		     const struct mshare_status_mount *mount, bool quiet);
void region_list_free(struct region_list *regions);

/* "ok", "unsized", "ended", or "denied" if it may not be looked into. */
const char *region_entry_state(const struct region_entry *region);

/*
 * What page tables of the windows would take if each had its own, of 4 KiB
 * pages, less what they do take; 0 if that is not less. own_units: of all
 * windows together, whether they share otherwise or not.
 */
uint64_t region_list_saved(const struct mshare_status_mount *mount,
			   const struct mshare_status_region *region,
			   uint64_t own_units);

#endif
