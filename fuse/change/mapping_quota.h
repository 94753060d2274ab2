/* SPDX-License-Identifier: MIT */
/*
 * Charges the mappings of a region to the user who made it (base/quota.h).
 * Callers hold change_lock.
 */
#ifndef MAPPING_QUOTA_H
#define MAPPING_QUOTA_H

#include "region/region.h"

/* Before a change: there may be n mappings after it. 0 or -ENOMEM. */
int mapping_quota_take(struct region *region, uint64_t n);
/* After it, or after it failed: gives back what is not needed. */
void mapping_quota_settle(struct region *region);

#endif
