/* SPDX-License-Identifier: MIT */
#include "ops/ioctl_status.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/counters.h"
#include "ops/ioctl_turns.h"
#include "ops/region_status.h"

/* The struct of each query begins with the version. */
static bool is_known_version(const struct call *call)
{
	uint32_t version;

	memcpy(&version, call->in, sizeof(version));
	return version == MSHARE_STATUS_VERSION;
}

static uint64_t uptime(const struct server *server)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec -
	       server->began * 1000000;
}

static uint32_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3; /* without "dir", "." and ".." */
}

static uint32_t fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)limit.rlim_cur;
}

static uint32_t mount_flags(const struct server *server)
{
	const struct options *o = &server->options;

	return (o->ownership ? MSHARE_MOUNT_OWNERSHIP : 0) |
	       (o->must_guard ? MSHARE_MOUNT_MUST_GUARD : 0) |
	       (o->allow_other ? MSHARE_MOUNT_ALLOW_OTHER : 0) |
	       (server->backing.shares ? MSHARE_MOUNT_SHARES : 0);
}

static void answer_mount(struct call *call)
{
	struct server *server = call->server;
	struct mshare_status_mount out = {
		.version = MSHARE_STATUS_VERSION,
		.flags = mount_flags(server),
		.align = server->options.align,
		.max_size = server->options.max_size,
		.page = server->backing.page,
		.unit = server->backing.shares ? backing_unit(&server->backing)
					       : 0,
		.windows = counters.windows,
		.attached = counters.attached,
		.refused = counters.refused,
		.changes = counters.changes,
		.uptime = uptime(server),
		.pid = (uint32_t)getpid(),
		.uid = (uint32_t)geteuid(),
		.fds = open_fds(),
		.fd_limit = fd_limit(),
	};
	struct namespace_sums sums;
	struct hugepage_pool pool;
	struct memory_limit limit;

	namespace_sum(&server->ns, &sums);
	backing_pool(&server->backing, &pool);
	out.regions = sums.regions;
	out.mapped = sums.mapped;
	out.present = sums.present;
	out.pool_total = pool.total;
	out.pool_free = pool.free;
	backing_tightest(&server->backing, &limit);
	out.limit = limit.kind;
	out.limit_total = limit.total;
	/* The name of a directory or a file may be too long: truncate it. */
	snprintf(out.limit_path, sizeof(out.limit_path), "%.*s",
		 (int)sizeof(out.limit_path) - 1, limit.path);
	snprintf(out.backing, sizeof(out.backing), "%.*s",
		 (int)sizeof(out.backing) - 1, server->backing.name);
	snprintf(out.release, sizeof(out.release), "%s", PACKAGE_VERSION);
	call_reply(call, 0, &out, sizeof(out));
}

static void answer_region(struct call *call)
{
	struct mshare_status_region out;

	region_status(call->region, &out);
	call_reply(call, 0, &out, sizeof(out));
}

static void maps(struct call *call)
{
	struct mshare_status_maps out;
	int err;

	memcpy(&out, call->in, sizeof(out));
	err = region_status_maps(call->region, &out);
	call_reply(call, err, &out, sizeof(out));
}

static void windows(struct call *call)
{
	struct mshare_status_windows out;
	int err;

	memcpy(&out, call->in, sizeof(out));
	err = region_status_windows(call->region, fuse_req_ctx(call->req)->uid,
				    &out);
	call_reply(call, err, &out, sizeof(out));
}

static const struct query {
	unsigned int cmd;
	bool of_mount; /* a query to mshare_info, not to a region */
	void (*answer)(struct call *call);
} queries[] = {
	{MSHARE_IOC_MOUNT, true, answer_mount},
	{MSHARE_IOC_REGION, false, answer_region},
	{MSHARE_IOC_MAPS, false, maps},
	{MSHARE_IOC_WINDOWS, false, windows},
};

static const struct query *find(unsigned int cmd)
{
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		if (queries[i].cmd == cmd)
			return &queries[i];
	return NULL;
}

static void answer(struct call *call, unsigned int cmd)
{
	find(cmd)->answer(call);
}

bool ioctl_status(struct call *call, unsigned int cmd, size_t in_size)
{
	const struct query *query = find(cmd);

	if (!query)
		return false;
	if (query->of_mount != call->inode->is_info)
		call_reply(call, -ENOTTY, NULL, 0);
	else if (!is_known_version(call))
		call_reply(call, -EINVAL, NULL, 0);
	else
		ioctl_in_turn(call, cmd, in_size, answer);
	return true;
}
