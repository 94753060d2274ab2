/* SPDX-License-Identifier: MIT */
/*
 * The life of a region: references, and the backing file from its first use to
 * its end.
 */
#ifndef REGION_LIFE_H
#define REGION_LIFE_H

#include "common/protocol.h"
#include "region/region.h"

/* A region with one reference, or NULL. */
struct region *region_new(struct backing *backing);
struct region *region_get(struct region *region);
void region_put(struct region *region);

/* Makes the backing file if there is none yet. 0 or -errno. */
int region_need_file(struct region *region);

/*
 * Returns a descriptor of the backing file for a window, which the caller
 * closes; or -errno: -ESTALE if the region is gone.
 */
int region_lend(struct region *region, enum window_kind kind);
/* Fills the page tables that a window with this protection will share. */
void region_expect_window(struct region *region, uint32_t prot);

/*
 * Closes the backing file, when no name and no open file are left. The kernel
 * keeps its memory for windows that still exist. If some of it is mapped
 * lazily, the file stays open until they are gone, as windows may have to ask
 * for pages (fault_answer.h).
 */
void region_disown(struct region *region);
/* The same in a thread of its own, as freeing memory takes time. */
void region_disown_later(struct region *region);

#endif
