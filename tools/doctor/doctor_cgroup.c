/* SPDX-License-Identifier: MIT */
/*
 * doctor: do cgroups allow the daemon the huge pages of the pool? (doctor.h)
 */
#include "doctor/doctor.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "amount.h"
#include "common/msharefs_file.h"
#include "daemon_status.h"
#include "memory/cgroup_limit.h"
#include "process_info.h"

/* pid: 0 for this process */
static void check(struct finding *f, pid_t pid)
{
	const uint64_t base = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t page = base / sizeof(uint64_t) * base;
	const uint64_t unit = base / sizeof(uint64_t) * page;
	const char *whose = pid ? "of the daemon" : "of this process";
	char total[AMOUNT_TEXT], left[AMOUNT_TEXT];
	struct cgroup_limit least;

	if (!cgroup_limit_find("", pid, page, &least)) {
		found(f, DOCTOR_OK, "huge pages %s are not limited", whose);
		return;
	}
	found(f,
	      least.free < page	  ? DOCTOR_MISSING
	      : least.free < unit ? DOCTOR_DEGRADED
				  : DOCTOR_OK,
	      "huge pages %s are limited to %s%s, %s free", whose,
	      amount_text(least.total, total),
	      strstr(least.file, ".rsvd.") ? " (reserved ones)" : "",
	      amount_text(least.free, left));
	if (f->state != DOCTOR_OK)
		mend_as_root(f, "echo %s >%.400s", least.no_limit, least.file);
}

/* In a child, as the daemon may not answer. */
static void check_daemon(struct finding *f, const char *dir, bool named)
{
	struct mshare_status_mount m;
	char path[PATH_MAX + 16];
	pid_t pid = 0;
	int fd = -1;

	(void)named;
	snprintf(path, sizeof(path), "%s/mshare_info", dir);
	if (is_msharefs_file(AT_FDCWD, dir, 0))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !daemon_status_mount(fd, &m) &&
	    process_info_same_namespace((pid_t)m.pid))
		pid = (pid_t)m.pid;
	check(f, pid);
}

/*
 * Without a daemon, the limits of this process count: a daemon that it starts
 * inherits its cgroup.
 */
void doctor_cgroup(struct finding *f, const char *mount)
{
	if (doctor_ask_mount(f, mount, check_daemon))
		check(f, 0);
}
