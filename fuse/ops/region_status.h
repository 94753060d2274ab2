/* SPDX-License-Identifier: MIT */
/* What a region is like, for who asks: the answers of mshare_ioctl.h. */
#ifndef REGION_STATUS_H
#define REGION_STATUS_H

#include <mshare_ioctl.h>
#include "region/region.h"

/* None of them waits for a change that is under way. */

void region_status(struct region *region, struct mshare_status_region *out);
/* 0 or -ENOMEM. */
int region_status_maps(struct region *region, struct mshare_status_maps *out);
/* Where they are only to root, and to the user that asks of his own. */
int region_status_windows(struct region *region, uid_t asks,
			  struct mshare_status_windows *out);

#endif
