/* SPDX-License-Identifier: MIT */
/* SEEK_DATA and SEEK_HOLE: mappings are data, the rest is holes. */
#include "region/region_life.h"
#include "harness/harness.h"

#include <errno.h>
#include <unistd.h>

#include "memory/backing.h"
#include "region/region.h"
#include "region/seek.h"

#define ALIGN (1ULL << 30)

static struct backing backing;

static void add(struct region *region, uint64_t start, uint64_t end,
		uint32_t prot)
{
	struct mapping_spare spare = {0};

	CU_ASSERT_FATAL(!mapping_spare_get(&spare));
	mapping_insert(&region->maps, start, end, prot, &spare);
	mapping_spare_free(&spare);
}

static struct region *make(void)
{
	struct region *region = region_new(&backing);

	CU_ASSERT_FATAL(region != NULL);
	return region;
}

static void test_no_size(void)
{
	struct region *region = make();

	CU_ASSERT(region_seek(region, 0, SEEK_DATA) == -ENXIO);
	CU_ASSERT(region_seek(region, 0, SEEK_HOLE) == -ENXIO);
	CU_ASSERT(region_seek(region, 0, SEEK_SET) == -EINVAL);
	CU_ASSERT(region_seek(region, 0, SEEK_END) == -EINVAL);
	region_put(region);
}

static void test_nothing_mapped(void)
{
	struct region *region = make();

	CU_ASSERT(!region_truncate(region, ALIGN, ALIGN));
	CU_ASSERT(region_seek(region, 0, SEEK_DATA) == -ENXIO);
	CU_ASSERT(region_seek(region, 5, SEEK_HOLE) == 5);
	CU_ASSERT(region_seek(region, ALIGN - 1, SEEK_HOLE) == ALIGN - 1);
	CU_ASSERT(region_seek(region, ALIGN, SEEK_HOLE) == -ENXIO);
	CU_ASSERT(region_seek(region, -1, SEEK_HOLE) == -ENXIO);
	CU_ASSERT(region_seek(region, -1, SEEK_DATA) == -ENXIO);
	region_put(region);
}

static void test_mapped(void)
{
	struct region *region = make();

	CU_ASSERT(!region_truncate(region, ALIGN, ALIGN));
	add(region, 4096, 8192, 3);
	add(region, 8192, 12288, 1); /* touches it, but is another one */
	add(region, 20480, 24576, 3);
	CU_ASSERT(region_seek(region, 0, SEEK_DATA) == 4096);
	CU_ASSERT(region_seek(region, 4097, SEEK_DATA) == 4097);
	CU_ASSERT(region_seek(region, 12288, SEEK_DATA) == 20480);
	CU_ASSERT(region_seek(region, 24575, SEEK_DATA) == 24575);
	CU_ASSERT(region_seek(region, 24576, SEEK_DATA) == -ENXIO);
	CU_ASSERT(region_seek(region, 0, SEEK_HOLE) == 0);
	CU_ASSERT(region_seek(region, 4096, SEEK_HOLE) == 12288);
	CU_ASSERT(region_seek(region, 12287, SEEK_HOLE) == 12288);
	CU_ASSERT(region_seek(region, 12288, SEEK_HOLE) == 12288);
	CU_ASSERT(region_seek(region, 20480, SEEK_HOLE) == 24576);
	/* Up to the end: the end counts as a hole. */
	add(region, 20480, ALIGN, 3);
	CU_ASSERT(region_seek(region, 20480, SEEK_HOLE) == ALIGN);
	CU_ASSERT(region_seek(region, ALIGN, SEEK_DATA) == -ENXIO);
	region_put(region);
}

static void test_without_holes(void)
{
	CU_ASSERT(seek_in_data(10, 0, SEEK_DATA) == 0);
	CU_ASSERT(seek_in_data(10, 9, SEEK_DATA) == 9);
	CU_ASSERT(seek_in_data(10, 10, SEEK_DATA) == -ENXIO);
	CU_ASSERT(seek_in_data(10, 3, SEEK_HOLE) == 10);
	CU_ASSERT(seek_in_data(10, 10, SEEK_HOLE) == -ENXIO);
	CU_ASSERT(seek_in_data(10, -1, SEEK_HOLE) == -ENXIO);
	CU_ASSERT(seek_in_data(10, 0, SEEK_CUR) == -EINVAL);
}

static const struct test tests[] = {
	{"no size", test_no_size},
	{"nothing mapped", test_nothing_mapped},
	{"mapped", test_mapped},
	{"without holes", test_without_holes},
};

int main(void)
{
	return run_tests("unit_seek", tests, N_TESTS(tests));
}
