/* SPDX-License-Identifier: MIT */
/*
 * What a region should be: of each of its small pages the protection and the
 * contents. Small pages are the machine's own; MODEL_HUGE of them are a page of
 * the backing. Of a region with more than MODEL_PAGES it knows the shape only.
 */
#ifndef REGION_MODEL_H
#define REGION_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mshare_ioctl.h>
#include "base/extents.h"

#define MODEL_PAGE 4096UL
#define MODEL_HUGE 4
#define MODEL_PAGES 64
#define MODEL_UNMAPPED UINT32_MAX

struct region_model {
	uint64_t start, size;
	uint64_t changes;
	bool ended, gone, owned, readable;
	uint32_t prot[MODEL_PAGES]; /* as in struct mapping */
	uint8_t byte[MODEL_PAGES];  /* the first of each page */
};

void model_init(struct region_model *m);
bool model_is_small(const struct region_model *m);

/* A range as a request names it: rounded up to unit, and in the region? */
bool model_range(const struct region_model *m, bool absolute, uint64_t at,
		 uint64_t size, uint64_t unit, struct extent *range);
/* Whether all of the range is mapped, with this access at least. */
bool model_has(const struct region_model *m, const struct extent *range,
	       uint32_t prot);

void model_map(struct region_model *m, const struct extent *range,
	       uint32_t prot);
void model_unmap(struct region_model *m, const struct extent *range);
void model_protect(struct region_model *m, const struct extent *range,
		   uint32_t prot);
void model_drop_contents(struct region_model *m, const struct extent *range);
/* The owner has exited. */
void model_end(struct region_model *m);
/* Neither a name nor an open file is left. */
void model_disown(struct region_model *m);

/* Ends the program unless the region is like this. */
void model_check_maps(const struct region_model *m,
		      const struct mshare_status_mapping *v, size_t n);
void model_check_region(const struct region_model *m,
			const struct mshare_status_region *status,
			uint64_t kept);
/* The contents, and that unused pages take no memory. */
void model_check_file(const struct region_model *m, int fd);

#endif
