/* SPDX-License-Identifier: MIT */
/*
 * A region whose backing is ordinary memory that is told to have larger pages
 * than it has, so that there are mappings smaller than a "huge page" here.
 * Offsets are counted in the machine's own pages, "units": HUGE in a huge page,
 * UNITS in the region, which the one file that includes this defines.
 */
#ifndef SMALL_REGION_H
#define SMALL_REGION_H

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "region/region_life.h"
#include "memory/backing.h"
#include "change/mapping_change.h"
#include "harness/harness.h"

#define RW (PROT_READ | PROT_WRITE)

static struct backing backing;
static struct region *region;
static uint64_t unit;
static char *window; /* as of a process that cannot guard its holes */
static int lent;

static void set_up(void)
{
	backing.page = HUGE * unit;
	backing.max_size = UINT64_MAX;
	region = region_new(&backing);
	CU_ASSERT_PTR_NOT_NULL_FATAL(region);
	CU_ASSERT_FATAL(!region_truncate(region, UNITS * unit, HUGE * unit));
	lent = region_lend(region, WINDOW_SHARED);
	window = mmap(NULL, UNITS * unit, RW, MAP_SHARED, lent, 0);
	CU_ASSERT_FATAL(window != MAP_FAILED);
}

static void tear_down(void)
{
	munmap(window, UNITS * unit);
	close(lent);
	region_put(region);
	CU_ASSERT(backing.held == 0);
}

/* In pages; the counts of the region and of the backing must agree. */
static uint64_t held(void)
{
	CU_ASSERT(region->held == backing.held);
	return region->held / unit;
}

static void fill(uint64_t start, uint64_t end, int byte)
{
	memset(window + start * unit, byte, (end - start) * unit);
}

/* Only for pages that are there: a look at a hole would make it a page. */
static bool holds(uint64_t start, uint64_t end, char byte)
{
	const char *at = window + start * unit;

	return *at == byte && !memcmp(at, at + 1, (end - start) * unit - 1);
}

#endif
