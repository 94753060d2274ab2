/* SPDX-License-Identifier: MIT */
/* What the mappings of a region demand of a window that is made now. */
#ifndef REGION_PROTECTION_H
#define REGION_PROTECTION_H

#include <stdbool.h>

#include "mapping/protection_steps.h"
#include "region/region.h"

/*
 * The steps that give a new window the protection that the mappings demand, and
 * that of a change that is under way. Called under lock. 0 or -ENOMEM.
 */
int region_protection_steps(struct region *region, bool can_write,
			    struct protection_steps *steps);

#endif
