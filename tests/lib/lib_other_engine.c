/* SPDX-License-Identifier: MIT */
/*
 * Under a preload of a release that does not fit (strange_engine.c plays it):
 * each call that needs the engine says so.
 */
#include "lib/lib_common.h"

static void says_so(void)
{
	char *at = memory_here();
	int fd = mshare_create(0);

	/* These need none. */
	CU_ASSERT_FATAL(at && fd >= 0 && !ftruncate(fd, (off_t)GIB));
	CU_ASSERT(!mshare_map(fd, 0, mount_page(), RW, 0));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 0), ELIBBAD,
			  "releases"));
	CU_ASSERT(refuses(mshare_detach(at, 0), ELIBBAD, "releases"));
	CU_ASSERT(refuses(mshare("r", at, GIB, O_CREAT | O_RDWR, 0600), ELIBBAD,
			  "releases"));
	CU_ASSERT(refuses(mshare_fd(at, GIB, 0), ELIBBAD, "releases"));
	close(v1_create("there", (uint64_t)at, GIB));
	CU_ASSERT(!munmap(at, GIB));
	CU_ASSERT(refuses(mshare("there", at, GIB, O_RDWR, 0), ELIBBAD,
			  "releases"));
	CU_ASSERT(refuses(mshare_unlink("there"), ELIBBAD, "releases"));
	CU_ASSERT(!access(in_mount("there"), F_OK));
	CU_ASSERT(!unlink(in_mount("there")) && mount_is_empty());
	close(fd);
}

static const struct test tests[] = {
	{"says so", says_so},
};

int main(void)
{
	before_tests = use_mount;
	return run_mount_tests("lib_other_engine", NULL, tests, N_TESTS(tests));
}
