/* SPDX-License-Identifier: MIT */
/*
 * The life of a region: references, and the backing file, from its first use to
 * the end.
 */
#ifndef REGION_LIFE_H
#define REGION_LIFE_H

#include "region/region.h"

/* One reference, or NULL. */
struct region *region_new(struct backing *backing);
struct region *region_get(struct region *region);
void region_put(struct region *region);

/* Makes the backing file if there is none yet. 0 or -errno. */
int region_need_file(struct region *region);

/*
 * For a window: a descriptor of the backing file, which the caller closes;
 * -ESTALE if the region is gone.
 */
int region_lend(struct region *region, enum window_kind kind);
/* Fills page tables that a window with this protection will share. */
void region_expect_window(struct region *region, uint32_t prot);

/*
 * Lets go of the memory when no name and no open file are left. Windows that
 * still exist keep it, in the kernel.
 */
void region_disown(struct region *region);

#endif
