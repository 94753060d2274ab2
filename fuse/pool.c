/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t hugepages_file(uint64_t page, const char *name)
{
	char path[128];
	uint64_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s",
		 page / 1024, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

static uint64_t meminfo(const char *key)
{
	uint64_t kib = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		size_t n = strlen(key);

		if (!strncmp(line, key, n) && line[n] == ':' &&
		    sscanf(line + n + 1, "%" SCNu64, &kib) == 1)
			break;
	}
	fclose(file);
	return kib * 1024;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void pool_read(uint64_t page, struct pool *pool)
{
	uint64_t avail = meminfo("MemAvailable");
	uint64_t all, surplus, overcommit, free_pages, reserved, more;

	if (page == (uint64_t)sysconf(_SC_PAGESIZE)) {
		pool->total = meminfo("MemTotal");
		pool->free = avail;
		return;
	}
	all = hugepages_file(page, "nr_hugepages");
	surplus = hugepages_file(page, "surplus_hugepages");
	overcommit = hugepages_file(page, "nr_overcommit_hugepages");
	free_pages = hugepages_file(page, "free_hugepages");
	reserved = hugepages_file(page, "resv_hugepages");

	/* Pages on demand come out of ordinary memory, as far as there is. */
	more = overcommit > surplus ? overcommit - surplus : 0;
	more = min(more, avail / page);
	pool->total = (all + more) * page;
	pool->free = (free_pages - min(reserved, free_pages) + more) * page;
}
