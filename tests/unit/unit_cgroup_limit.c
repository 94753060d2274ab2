/* SPDX-License-Identifier: MIT */
/* Tests finding the limits of cgroups, in a tree of files that stands for "/".
 */
#include "memory/cgroup_limit.h"
#include "harness/harness.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1ULL << 20)
#define HUGE (2 * MIB)

static char root[PATH_MAX];
static struct cgroup_limit least;

/* Writes a file, and makes the directories above it. */
static void put(const char *path, const char *text)
{
	char whole[2 * PATH_MAX];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/'));
	     at++) {
		*at = 0;
		mkdir(whole, 0755);
		*at = '/';
	}
	file = fopen(whole, "we");
	CU_ASSERT_FATAL(file && fputs(text, file) >= 0 && !fclose(file));
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void begin(const char *cgroup, const char *mountinfo)
{
	CU_ASSERT_FATAL(new_dir(root, "cgroups") != NULL);
	put("/proc/self/cgroup", cgroup);
	put("/proc/self/mountinfo", mountinfo);
}

static void end(void)
{
	CU_ASSERT(!nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS));
}

static bool find(uint64_t page)
{
	return cgroup_limit_find(root, 0, page, &least);
}

/* Whether the limit is that of this file, with so many MiB, and so many left.
 */
static bool is(const char *file, uint64_t total, uint64_t left,
	       const char *no_limit)
{
	return find(HUGE) && !strcmp(least.file, file) &&
	       least.total == total * MIB && least.free == left * MIB &&
	       !strcmp(least.no_limit, no_limit);
}

#define V2_MOUNT "30 20 0:26 / /cg rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void version_2(void)
{
	begin("0::/a/b\n", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n" V2_MOUNT);
	CU_ASSERT(!find(HUGE));
	put("/cg/a/b/hugetlb.2MB.max", "max\n");
	put("/cg/a/b/hugetlb.2MB.current", "0\n");
	CU_ASSERT(!find(HUGE));
	put("/cg/a/hugetlb.2MB.max", "8388608\n");
	put("/cg/a/hugetlb.2MB.current", "2097152\n");
	CU_ASSERT(is("/cg/a/hugetlb.2MB.max", 8, 6, "max"));
	/* What is reserved has a limit of its own. */
	put("/cg/a/b/hugetlb.2MB.rsvd.max", "4194304\n");
	put("/cg/a/b/hugetlb.2MB.rsvd.current", "0\n");
	CU_ASSERT(is("/cg/a/b/hugetlb.2MB.rsvd.max", 4, 4, "max"));
	put("/cg/a/hugetlb.2MB.current", "8388608\n");
	CU_ASSERT(is("/cg/a/hugetlb.2MB.max", 8, 0, "max"));
	/* More in use than the limit, which was lowered since, is none left. */
	put("/cg/a/hugetlb.2MB.current", "10485760\n");
	CU_ASSERT(is("/cg/a/hugetlb.2MB.max", 8, 0, "max"));
	/* Pages of another size are limited apart. */
	CU_ASSERT(!find(1024 * MIB));
	put("/cg/a/b/hugetlb.1GB.max", "0\n");
	put("/cg/a/b/hugetlb.1GB.current", "0\n");
	CU_ASSERT(find(1024 * MIB) && least.total == 0);
	end();
}

static void version_1(void)
{
	/* Beside version 2, with several controllers in one hierarchy. */
	begin("5:cpu,hugetlb,pids:/x\n4:memory:/y\n0::/z\n",
	      V2_MOUNT "31 20 0:27 / /one rw - cgroup none rw,memory\n"
		       "32 20 0:28 / /two\\040b rw - cgroup none "
		       "rw,cpu,hugetlb,pids\n");
	put("/two b/hugetlb.2MB.limit_in_bytes", "9223372036852678656\n");
	put("/two b/hugetlb.2MB.usage_in_bytes", "2097152\n");
	CU_ASSERT(!find(HUGE));
	put("/two b/x/hugetlb.2MB.rsvd.limit_in_bytes", "6291456\n");
	put("/two b/x/hugetlb.2MB.rsvd.usage_in_bytes", "2097152\n");
	CU_ASSERT(is("/two b/x/hugetlb.2MB.rsvd.limit_in_bytes", 6, 4, "-1"));
	/* Ordinary memory: that of the memory controller, without caches. */
	put("/one/y/memory.limit_in_bytes", "4194304\n");
	put("/one/y/memory.usage_in_bytes", "3145728\n");
	put("/one/y/memory.stat",
	    "cache 1\ninactive_file 7\ntotal_inactive_file 524288\n"
	    "total_active_file 524288\n");
	CU_ASSERT(find(4096) && least.total == 4 * MIB);
	CU_ASSERT(least.free == 2 * MIB);
	CU_ASSERT_STRING_EQUAL(least.file, "/one/y/memory.limit_in_bytes");
	end();
}

/* A container sees only its own part of the hierarchy, or none. */
static void in_a_container(void)
{
	begin("0::/box/in\n",
	      "30 20 0:26 /box /cg rw - cgroup2 cgroup2 rw,nsdelegate\n");
	put("/cg/in/hugetlb.2MB.max", "2097152\n");
	put("/cg/in/hugetlb.2MB.current", "0\n");
	CU_ASSERT(is("/cg/in/hugetlb.2MB.max", 2, 2, "max"));
	put("/proc/self/cgroup", "0::/boxes\n");
	put("/cg/hugetlb.2MB.max", "4194304\n");
	put("/cg/hugetlb.2MB.current", "0\n");
	CU_ASSERT(is("/cg/hugetlb.2MB.max", 4, 4, "max"));
	put("/proc/self/mountinfo", "");
	CU_ASSERT(!find(HUGE));
	end();
}

static void another_process(void)
{
	begin("0::/a\n", V2_MOUNT);
	put("/proc/17/cgroup", "0::/b\n");
	put("/cg/b/hugetlb.2MB.max", "2097152\n");
	put("/cg/b/hugetlb.2MB.current", "0\n");
	CU_ASSERT(!find(HUGE));
	CU_ASSERT(cgroup_limit_find(root, 17, HUGE, &least));
	CU_ASSERT(least.total == HUGE);
	CU_ASSERT(!cgroup_limit_find(root, 18, HUGE, &least));
	end();
}

static const struct test tests[] = {
	{"version 2", version_2},
	{"version 1", version_1},
	{"in a container", in_a_container},
	{"another process", another_process},
};

int main(void)
{
	return run_tests("unit_cgroup_limit", tests, N_TESTS(tests));
}
