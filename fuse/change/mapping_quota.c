/* SPDX-License-Identifier: MIT */
#include "change/mapping_quota.h"

#include "base/quota.h"

int mapping_quota_take(struct region *region, uint64_t n)
{
	int err;

	if (n <= region->charged)
		return 0;
	err = user_charge(region->user, QUOTA_MAPPINGS, n - region->charged);
	if (!err)
		region->charged = n;
	return err;
}

void mapping_quota_settle(struct region *region)
{
	const uint64_t n = region->maps.n;

	if (region->charged <= n)
		return;
	user_release(region->user, QUOTA_MAPPINGS, region->charged - n);
	region->charged = n;
}
