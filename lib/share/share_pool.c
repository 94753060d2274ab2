/* SPDX-License-Identifier: MIT */
/* Reads the pool of huge pages in sysfs, and the limits of cgroups. */
#include "share/share_pool.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/syscalls.h"

/* Returns the length, or 0: there is no such file. */
static size_t read_file(const char *path, char *text, size_t room)
{
	long fd = SYS_CALL(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return 0;
	n = SYS_CALL(SYS_read, fd, text, room - 1);
	sys_close((int)fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

static uint64_t pool_file(uint64_t huge, const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s",
		 huge / 1024, name);
	return read_file(path, text, sizeof(text)) ? strtoull(text, NULL, 10)
						   : 0;
}

uint64_t share_pool_overcommit_for(uint64_t huge, uint64_t n)
{
	const uint64_t free_pages = pool_file(huge, "free_hugepages");
	const uint64_t reserved = pool_file(huge, "resv_hugepages");
	const uint64_t surplus = pool_file(huge, "surplus_hugepages");
	const uint64_t most = pool_file(huge, "nr_overcommit_hugepages");
	const uint64_t unused =
		free_pages > reserved ? free_pages - reserved : 0;
	const uint64_t more = most > surplus ? most - surplus : 0;

	return unused + more < n ? most + (n - unused - more) : 0;
}

/* A limit as the kernel writes it: "max", or in the first version a number. */
static bool is_limit(const char *path)
{
	char text[32];

	return read_file(path, text, sizeof(text)) && *text != 'm' &&
	       strtoull(text, NULL, 10) < INT64_MAX / 2;
}

/* From the cgroup of the process up. group: its path, which is cut. */
static bool any_limit(const char *dir, char *group, const char *file)
{
	char path[1024], *slash;

	for (;;) {
		snprintf(path, sizeof(path), "%s%s/%s", dir,
			 strcmp(group, "/") ? group : "", file);
		if (is_limit(path))
			return true;
		slash = strrchr(group, '/');
		if (!slash)
			return false;
		*slash = 0;
	}
}

/* A line of /proc/self/cgroup is ID:CONTROLLERS:PATH. */
static bool line_is_limited(char *line, uint64_t huge)
{
	char *controllers = strchr(line, ':'), *group, file[64];
	bool second;

	group = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!group)
		return false;
	*controllers++ = 0;
	*group++ = 0;
	second = !*controllers;
	if (!second && !strstr(controllers, "hugetlb"))
		return false;
	snprintf(file, sizeof(file), "hugetlb.%" PRIu64 "MB.%s", huge >> 20,
		 second ? "max" : "limit_in_bytes");
	return any_limit(second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/hugetlb",
			 group, file);
}

bool share_pool_is_limited(uint64_t huge)
{
	char text[4096], *line, *rest = text;

	read_file("/proc/self/cgroup", text, sizeof(text));
	while ((line = strsep(&rest, "\n")))
		if (*line && line_is_limited(line, huge))
			return true;
	return false;
}
