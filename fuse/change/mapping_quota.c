/* SPDX-License-Identifier: MIT */
#include "change/mapping_quota.h"

#include <pthread.h>

#include "base/quota.h"

static void set_charged(struct region *region, uint64_t n)
{
	pthread_mutex_lock(&region->lock);
	region->charged = n;
	pthread_mutex_unlock(&region->lock);
}

int mapping_quota_take(struct region *region, uint64_t n)
{
	int err;

	if (n <= region->charged)
		return 0;
	err = user_charge(region->user, QUOTA_MAPPINGS, n - region->charged);
	if (!err)
		set_charged(region, n);
	return err;
}

void mapping_quota_settle(struct region *region)
{
	const uint64_t n = region->maps.n;

	if (region->charged <= n)
		return;
	user_release(region->user, QUOTA_MAPPINGS, region->charged - n);
	set_charged(region, n);
}
