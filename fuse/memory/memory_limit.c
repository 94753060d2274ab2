/* SPDX-License-Identifier: MIT */
/* One remedy for each kind of limit. */
#include "memory/memory_limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "memory/hugepage_command.h"
#include "memory/hugepage_pool.h"

static void pool_text(const struct memory_limit *limit, uint64_t page,
		      uint64_t wanted, char text[MEMORY_LIMIT_TEXT])
{
	uint64_t missing = wanted > limit->free ? wanted - limit->free : 0;
	char command[HUGEPAGES_COMMAND];
	struct hugepage_pool pool;

	hugepage_pool_read(page, &pool);
	if (page == (uint64_t)sysconf(_SC_PAGESIZE))
		snprintf(
			text, MEMORY_LIMIT_TEXT,
			"the memory of this machine; end programs that use it");
	else if (wanted > pool.most)
		snprintf(text, MEMORY_LIMIT_TEXT,
			 "the pool of huge pages, which the free memory of "
			 "this machine cannot extend so far; end programs that "
			 "use it");
	else if (!missing)
		snprintf(text, MEMORY_LIMIT_TEXT,
			 "the pool of huge pages, but free memory is "
			 "fragmented, or it was used up at that moment; set "
			 "pages aside, as root: sysctl vm.nr_hugepages=NUMBER");
	else
		snprintf(text, MEMORY_LIMIT_TEXT,
			 "the pool of huge pages; as root: %s",
			 hugepages_command(page,
					   pool.overcommit +
						   (missing + page - 1) / page,
					   command));
}

const char *memory_limit_text(const struct memory_limit *limit, uint64_t page,
			      uint64_t wanted, char text[MEMORY_LIMIT_TEXT])
{
	const char *dot = strrchr(limit->path, '.');
	char size[SIZE_TEXT];

	switch (limit->kind) {
	case LIMIT_MOUNT:
		snprintf(text, MEMORY_LIMIT_TEXT,
			 "the hugetlbfs mount %.300s (its option size=); as "
			 "root: mount -o remount,size=%" PRIu64 " %.300s",
			 limit->path, limit->total - limit->free + wanted,
			 limit->path);
		break;
	case LIMIT_CGROUP:
		snprintf(text, MEMORY_LIMIT_TEXT,
			 "the daemon's cgroup; as root: echo %s >%.800s",
			 dot && !strcmp(dot, ".max") ? "max" : "-1",
			 limit->path);
		break;
	case LIMIT_MAX_SIZE:
		snprintf(text, MEMORY_LIMIT_TEXT,
			 "this mount, by its option max_size=%s; unmount, and "
			 "mount with a larger one",
			 size_text(limit->total, size));
		break;
	default:
		pool_text(limit, page, wanted, text);
	}
	return text;
}
