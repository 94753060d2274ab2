/* SPDX-License-Identifier: MIT */
/* Fills in the structs of mshare_ioctl.h that describe a region. */
#ifndef REGION_STATUS_H
#define REGION_STATUS_H

#include <mshare_ioctl.h>
#include "region/region.h"

/* None of these functions waits for a change that is in progress. */

void region_status(struct region *region, struct mshare_status_region *out);
/* 0 or -ENOMEM. */
int region_status_maps(struct region *region, struct mshare_status_maps *out);
/*
 * Shows addresses of windows only to root, to the user of the daemon, and to
 * the user "asks" those of its own processes. 0 or -ENOMEM.
 */
int region_status_windows(struct region *region, uid_t asks,
			  struct mshare_status_windows *out);

#endif
