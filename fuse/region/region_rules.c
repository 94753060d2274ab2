/* SPDX-License-Identifier: MIT */
/* Checks requests against the rules of the interface. */
#include "region/region_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include "region/region.h"

/* Rounds the size up to unit and checks that all of it lies in the region. */
static int check_range(struct region *region, const struct range_request *req,
		       uint64_t unit, struct extent *range)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start, region_size, mapped, at = req->at, size = req->size;

	region_shape(region, &start, &region_size, &mapped);
	if (region_size == 0 || size == 0 || at % page || at % unit ||
	    region_has_ended(region))
		return -EINVAL;
	if (req->absolute) {
		if (at < start)
			return -EINVAL;
		at -= start;
	}
	if (size > UINT64_MAX - (unit - 1))
		return -EINVAL;
	size = (size + unit - 1) / unit * unit;
	if (at > region_size || size > region_size - at)
		return -EINVAL;
	*range = (struct extent){.start = at, .end = at + size};
	return 0;
}

/* The huge page size that the flags ask for; 0: none in particular. */
static uint64_t asked_page_size(uint32_t flags)
{
	unsigned int shift = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;

	return shift ? 1ULL << shift : 0;
}

int region_check_map(struct region *region, const struct map_request *req,
		     uint64_t huge_page, struct extent *range, uint32_t *prot)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t unit = page;

	*prot = req->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	if (req->flags & MAP_NORESERVE)
		*prot |= MAPPING_LAZY;

	if ((req->flags & MAP_TYPE) != MAP_SHARED || !(req->flags & MAP_FIXED))
		return -EINVAL;
	/* Mapping files into a region (v3) is not supported yet. */
	if (!(req->flags & MAP_ANONYMOUS) || req->fd != -1)
		return -EINVAL;
	if (req->flags & MAP_GROWSDOWN || req->offset % page)
		return -EINVAL;
	if (req->flags & MAP_HUGETLB) {
		uint64_t asked = asked_page_size(req->flags);

		if (huge_page == page || (asked && asked != huge_page))
			return -EINVAL;
		unit = huge_page;
	}
	return check_range(region, &req->range, unit, range);
}

int region_check_unmap(struct region *region, const struct range_request *req,
		       struct extent *range)
{
	return check_range(region, req, (uint64_t)sysconf(_SC_PAGESIZE), range);
}

/* As in mmap(2), MAP_FIXED_NOREPLACE wins over MAP_FIXED. */
static bool replaces(const struct window_request *req)
{
	return req->flags & MAP_FIXED && !(req->flags & MAP_FIXED_NOREPLACE);
}

static int place_v1(const struct window_request *req, uint64_t start,
		    struct window_rule *rule)
{
	bool fixed = req->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (req->addr != start && (fixed || req->addr))
		return -EINVAL;
	rule->addr = start;
	rule->place = replaces(req) ? PLACE_REPLACE : PLACE_AT;
	return 0;
}

static int place_v2(const struct window_request *req, uint64_t align,
		    struct window_rule *rule)
{
	bool aligned = req->addr % align == 0;

	rule->addr = req->addr;
	if (req->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		rule->place = replaces(req) ? PLACE_REPLACE : PLACE_AT;
		return aligned ? 0 : -EINVAL;
	}
	if (!aligned)
		rule->addr = req->addr / align * align + align;
	/* 0: no address was given, or rounding it up overflowed */
	rule->place = rule->addr ? PLACE_HINT : PLACE_ANY;
	return 0;
}

#ifndef MAP_ABOVE4G
#define MAP_ABOVE4G 0x80
#endif

/* The flags that MAP_SHARED_VALIDATE accepts for files without own flags. */
#define KNOWN_FLAGS                                                           \
	((uint32_t)(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |    \
		    MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED |             \
		    MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
		    MAP_32BIT | MAP_ABOVE4G | MAP_HUGE_2MB | MAP_HUGE_1GB))

int region_check_window(struct region *region, const struct window_request *req,
			uint64_t align, struct window_rule *rule)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint32_t type = req->flags & MAP_TYPE;
	uint64_t start, size, mapped;

	/* The checks that mmap() makes before it calls the file, in order. */
	if (req->flags & MAP_HUGETLB)
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE && req->flags & ~KNOWN_FLAGS)
		return -EOPNOTSUPP;
	if (req->accmode == O_WRONLY)
		return -EACCES;
	if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (req->prot & PROT_WRITE && req->accmode != O_RDWR)
		return -EACCES;

	if (req->flags & MAP_GROWSDOWN)
		return -EINVAL;

	region_shape(region, &start, &size, &mapped);
	if (size == 0 || region_has_ended(region))
		return -EINVAL;
	if (req->offset || req->length > size || size - req->length >= page)
		return -EINVAL;
	rule->size = size;
	if (start && req->away && req->prot & PROT_WRITE)
		start = 0; /* the window is there to fill the region */
	return start ? place_v1(req, start, rule) : place_v2(req, align, rule);
}
