/* SPDX-License-Identifier: MIT */
/*
 * The rules of the interface for mappings and windows, as far as they concern
 * the region alone (doc/interface.md, sections 5 and 6).
 */
#ifndef REGION_RULES_H
#define REGION_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/extents.h"
#include "common/protocol.h"

struct region;

/* The range of CREATE_MAPPING or UNMAP, in any revision of the interface. */
struct range_request {
	bool absolute; /* v1: at is an address; v2, v3: it is an offset */
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
 * 0, with the range relative to the region and prot as in struct mapping; or
 * -EINVAL.
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
	int accmode; /* of the descriptor: O_RDONLY, O_WRONLY or O_RDWR */
	bool away;   /* may lie elsewhere than at the region's start */
};

struct window_rule {
	enum window_place place;
	uint64_t addr;
	uint64_t size;
};

/*
 * Checks all rules of doc/interface.md, section 6, that do not need the
 * process. 0 and where the window goes, or the error of mmap().
 */
int region_check_window(struct region *region, const struct window_request *req,
			uint64_t align, struct window_rule *rule);

#endif
