/* SPDX-License-Identifier: MIT */
/* The named regions of a mount, and what the daemon reports about each. */
#ifndef REGION_LIST_H
#define REGION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <mshare_ioctl.h>
#include "resolve_target.h"

struct region_entry {
	char *name; /* path within the mount */
	struct stat st;
	bool known; /* the caller may open it: info and saved are set */
	struct mshare_status_region info;
	uint64_t saved; /* bytes of page tables, see region_list_saved() */
};

struct region_list {
	struct region_entry *v;
	size_t n;
};

/*
 * Lists the regions at and below target->path, by name. Returns EX_OK, or the
 * exit status after a message. quiet: no messages about directories that cannot
 * be read.
 */
int region_list_read(struct region_list *regions, const struct target *target,
		     const struct mshare_status_mount *mount, bool quiet);
void region_list_free(struct region_list *regions);

/* "ok", "unsized", "ended", or "denied" if the caller may not open it. */
const char *region_entry_state(const struct region_entry *region);

/*
 * The bytes of page tables that sharing saves: what the windows would take if
 * each had its own tables for 4 KiB pages, less what they take; never below 0.
 * own_units: the number of private units of all windows together.
 */
uint64_t region_list_saved(const struct mshare_status_mount *mount,
			   const struct mshare_status_region *region,
			   uint64_t own_units);

#endif
