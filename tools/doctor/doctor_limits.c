/* SPDX-License-Identifier: MIT */
/* doctor: do limits of this process leave room for windows? */
#include "doctor/doctor.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "amount.h"
#include "base/window_limit.h"

#define FEW_FDS 4096
#define MANY_FDS (1ULL << 20)

/* What Linux has unless it is changed. */
#define USUAL_MAPPINGS 65530

/* prlimit(1) of the shell that we were started from: so it lasts. */
static pid_t shell(void)
{
	return getppid();
}

void doctor_descriptors(struct finding *f, const char *mount)
{
	uint64_t most = MANY_FDS;
	struct rlimit limit;

	(void)mount;
	getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
	if (limit.rlim_max >= FEW_FDS) {
		found(f, DOCTOR_OK,
		      "a daemon may have %" PRIu64 ": about %" PRIu64
		      " windows",
		      (uint64_t)limit.rlim_max, window_limit(limit.rlim_max));
		return;
	}
	found(f, DOCTOR_DEGRADED,
	      "a daemon may have %" PRIu64 ", and takes two a window and two a "
	      "region",
	      (uint64_t)limit.rlim_max);
	if (!read_number("/proc/sys/fs/nr_open", &most) || most > MANY_FDS)
		most = MANY_FDS;
	mend_as_root(f, "prlimit --pid %d --nofile=%" PRIu64, shell(), most);
}

void doctor_mappings(struct finding *f, const char *mount)
{
	uint64_t n = 0;

	(void)mount;
	if (!read_number("/proc/sys/vm/max_map_count", &n)) {
		found(f, DOCTOR_OK, "the kernel's limit is not to be seen");
		return;
	}
	found(f, n < USUAL_MAPPINGS ? DOCTOR_DEGRADED : DOCTOR_OK,
	      "a process may have %" PRIu64 "%s", n,
	      n < USUAL_MAPPINGS
		      ? "; changes of regions can split windows into many"
		      : "");
	if (f->state != DOCTOR_OK)
		mend_as_root(f, "sysctl vm.max_map_count=%d", USUAL_MAPPINGS);
}

struct resource {
	int which;
	const char *name;   /* as in "the NAME is limited to" */
	const char *option; /* of prlimit(1) */
};

/* Both bound what a window or a region can be. */
static const struct resource resources[] = {
	{RLIMIT_AS, "address space", "as"},
	{RLIMIT_FSIZE, "size of files", "fsize"},
};

void doctor_limits(struct finding *f, const char *mount)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t entries = page / sizeof(uint64_t);
	const uint64_t unit = entries * entries * page;
	struct rlimit limit;
	char text[AMOUNT_TEXT];

	(void)mount;
	found(f, DOCTOR_OK, "none of address space or size of files");
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		const struct resource *r = &resources[i];

		getrlimit(r->which, &limit); /* cannot fail */
		if (limit.rlim_cur == RLIM_INFINITY)
			continue;
		/* The trial maps two windows of a unit. */
		found(f,
		      limit.rlim_cur < 3 * unit ? DOCTOR_MISSING
						: DOCTOR_DEGRADED,
		      "the %s is limited to %s, and so are regions", r->name,
		      amount_text(limit.rlim_cur, text));
		if (limit.rlim_max == RLIM_INFINITY)
			mend(f, "prlimit --pid %d --%s=unlimited", shell(),
			     r->option);
		else
			mend_as_root(f, "prlimit --pid %d --%s=unlimited",
				     shell(), r->option);
		return;
	}
}
