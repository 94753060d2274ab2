/* SPDX-License-Identifier: MIT */
/* What limits the memory of regions. Part of backing.h. */
#include "memory/backing.h"

#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory/cgroup_limit.h"

/*
 * A smaller request is not asked for first: it fails fast, and costs others
 * little meanwhile. Ordinary memory must always be asked for, as some process
 * dies if it runs out while it is filled.
 */
#define ASK_FIRST ((uint64_t)64 << 20)

static void take_if_less(struct memory_limit *least,
			 enum memory_limit_kind kind, uint64_t total,
			 uint64_t free, const char *path)
{
	if (free > least->free || (free == least->free && total > least->total))
		return;
	least->kind = kind;
	least->total = total;
	least->free = free;
	snprintf(least->path, sizeof(least->path), "%s", path);
}

static uint64_t pool_page(const struct backing *b)
{
	return b->kind == BACKING_SHMEM ? (uint64_t)sysconf(_SC_PAGESIZE)
					: b->page;
}

static void look_at_pool(const struct backing *b, struct memory_limit *least)
{
	struct hugepage_pool pool;

	hugepage_pool_read(pool_page(b), &pool);
	/*
	 * Ordinary memory has no pool: what other programs use does not count
	 * as a part of it.
	 */
	if (b->kind == BACKING_SHMEM)
		pool.total = pool.free + atomic_load(&b->held);
	take_if_less(least, LIMIT_POOL, pool.total, pool.free, "");
}

static void look_at_mount(const struct backing *b, struct memory_limit *least)
{
	const char *dir = strchr(b->name, ':');
	struct statfs fs;
	uint64_t page;

	if (b->dir_fd < 0 || fstatfs(b->dir_fd, &fs))
		return;
	page = (uint64_t)fs.f_bsize;
	if (!fs.f_blocks || fs.f_blocks > INT64_MAX / page)
		return; /* without size= */
	take_if_less(least, LIMIT_MOUNT, fs.f_blocks * page, fs.f_bavail * page,
		     dir ? dir + 1 : "");
}

static void look_at_cgroups(const struct backing *b, struct memory_limit *least)
{
	struct cgroup_limit limit;

	if (!cgroup_limit_find("", 0, pool_page(b), &limit))
		return;
	if (b->kind == BACKING_SHMEM)
		limit.total = limit.free + atomic_load(&b->held);
	take_if_less(least, LIMIT_CGROUP, limit.total, limit.free, limit.file);
}

static void look_at_max_size(const struct backing *b,
			     struct memory_limit *least)
{
	uint64_t held = atomic_load(&b->held);

	if (b->max_size < UINT64_MAX)
		take_if_less(least, LIMIT_MAX_SIZE, b->max_size,
			     b->max_size > held ? b->max_size - held : 0, "");
}

static void (*const look[])(const struct backing *, struct memory_limit *) = {
	look_at_pool, look_at_mount, look_at_cgroups, look_at_max_size};

#define LIMITS (sizeof(look) / sizeof(look[0]))

static const struct memory_limit no_limit = {
	.total = UINT64_MAX,
	.free = UINT64_MAX,
};

void backing_tightest(const struct backing *b, struct memory_limit *least)
{
	*least = no_limit;
	for (size_t i = 0; i < LIMITS; i++)
		look[i](b, least);
}

bool backing_can_have(const struct backing *b, uint64_t bytes)
{
	struct memory_limit least = no_limit;

	if (b->kind == BACKING_SHMEM && bytes < ASK_FIRST)
		look_at_pool(b, &least);
	else if (bytes >= ASK_FIRST)
		backing_tightest(b, &least);
	return bytes <= least.free;
}

void backing_pool(const struct backing *b, struct hugepage_pool *pool)
{
	*pool = (struct hugepage_pool){.total = UINT64_MAX, .free = UINT64_MAX};
	for (size_t i = 0; i < LIMITS; i++) {
		struct memory_limit one = no_limit;

		look[i](b, &one);
		if (pool->total > one.total)
			pool->total = one.total;
		if (pool->free > one.free)
			pool->free = one.free;
	}
}
