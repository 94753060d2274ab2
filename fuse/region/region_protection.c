/* SPDX-License-Identifier: MIT */
/* Computes the steps for new windows. */
#include "region/region_protection.h"

#include "memory/backing.h"

/* The protection of [start, end), with a change that is under way. */
static int current_protection(struct region *region, uint64_t start,
			      uint64_t end, struct protection *out)
{
	struct protection settled;
	int err = protection_read(&region->maps, region->backing->page, start,
				  end, &settled);

	if (err || !region->tight.n) {
		*out = settled;
		return err;
	}
	err = protection_overlay(&settled, &region->tight, out);
	protection_free(&settled);
	return err;
}

int region_protection_steps(struct region *region, uint32_t modes,
			    struct protection_steps *steps)
{
	struct protection plain = {0}, now = {0};
	int err;

	*steps = (struct protection_steps){0};
	if (!region->special)
		return 0;
	err = protection_plain(0, region->size, &plain);
	if (!err)
		err = current_protection(region, 0, region->size, &now);
	if (!err)
		err = protection_steps_plan(&plain, &now,
					    backing_unit(region->backing),
					    modes, steps);
	protection_free(&plain);
	protection_free(&now);
	return err;
}
