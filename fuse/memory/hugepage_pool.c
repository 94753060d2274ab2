/* SPDX-License-Identifier: MIT */
/* Reads the pool from sysfs and free memory from /proc/meminfo. */
#include "memory/hugepage_pool.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
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

/* Stays open, so that it can be read when the daemon has no descriptor left. */
static int meminfo_fd = -1;

static void open_meminfo(void)
{
	meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
}

void hugepage_pool_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_meminfo);
}

static uint64_t meminfo(const char *key)
{
	char text[8192], wanted[32];
	uint64_t kib = 0;
	const char *at;
	ssize_t n;

	hugepage_pool_init();
	n = pread(meminfo_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = 0;
	snprintf(wanted, sizeof(wanted), "%s:", key);
	at = strstr(text, wanted);
	if (!at || sscanf(at + strlen(wanted), "%" SCNu64, &kib) != 1)
		return 0;
	return kib * 1024;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void hugepage_pool_read(uint64_t page, struct hugepage_pool *pool)
{
	uint64_t avail = meminfo("MemAvailable");
	uint64_t all, surplus, overcommit, free_pages, reserved, more;

	if (page == (uint64_t)sysconf(_SC_PAGESIZE)) {
		*pool = (struct hugepage_pool){
			.total = meminfo("MemTotal"),
			.free = avail,
			.most = avail,
		};
		return;
	}
	all = hugepages_file(page, "nr_hugepages");
	surplus = hugepages_file(page, "surplus_hugepages");
	overcommit = hugepages_file(page, "nr_overcommit_hugepages");
	free_pages = hugepages_file(page, "free_hugepages");
	reserved = hugepages_file(page, "resv_hugepages");

	/* Overcommitted pages come out of free ordinary memory. */
	more = overcommit > surplus ? overcommit - surplus : 0;
	more = min(more, avail / page);
	pool->total = (all + more) * page;
	free_pages -= min(reserved, free_pages);
	pool->free = (free_pages + more) * page;
	pool->most = free_pages * page + avail;
	pool->overcommit = overcommit;
}
