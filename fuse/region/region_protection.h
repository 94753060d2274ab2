/* SPDX-License-Identifier: MIT */
/* What the mappings of a region demand of a window that is made now. */
#ifndef REGION_PROTECTION_H
#define REGION_PROTECTION_H

#include <stdint.h>

#include "mapping/protection_steps.h"
#include "region/region.h"

/*
 * The steps that give a new window the protection that the mappings demand, and
 * that of a change that is under way. modes: the PAGE_* that it follows. Called
 * under lock. 0 or -ENOMEM.
 */
int region_protection_steps(struct region *region, uint32_t modes,
			    struct protection_steps *steps);

#endif
