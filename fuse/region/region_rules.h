/* SPDX-License-Identifier: MIT */
/*
 * The rules of the interface for mappings and windows, as far as they concern
 * the region alone (doc/interface.md, sections 5 and 6).
 */
#ifndef REGION_RULES_H
#define REGION_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "region/region.h"

/* CREATE_MAPPING and UNMAP in whichever dialect. */
struct range_request {
	bool absolute; /* v1: at is an address; v2, v3: an offset */
	uint64_t at;
	uint64_t size;
};

struct map_request {
	struct range_request range;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
	int32_t fd;
};

/*
 * 0, the range that is meant, relative to the region, and what kind of mapping
 * (as of struct mapping); else -EINVAL.
 */
int region_check_map(struct region *region, const struct map_request *req,
		     uint64_t huge_page, struct extent *range, uint32_t *prot);
int region_check_unmap(struct region *region, const struct range_request *req,
		       struct extent *range);

struct window_request {
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
	int accmode; /* O_RDONLY, O_WRONLY, O_RDWR of the descriptor */
	bool away;   /* not at the start, though the region has one */
};

struct window_rule {
	enum window_place place;
	uint64_t addr;
	uint64_t size;
};

/*
 * All of doc/interface.md, section 6, that does not need the process: -EINVAL,
 * -EACCES.
 */
int region_check_window(struct region *region, const struct window_request *req,
			uint64_t align, struct window_rule *rule);

#endif
