/* SPDX-License-Identifier: MIT */
/*
 * What cgroups, of either version, allow a process to have in pages of one
 * size: the limits of huge pages in use and of huge pages reserved, or for
 * ordinary memory that of the memory controller.
 */
#ifndef CGROUP_LIMIT_H
#define CGROUP_LIMIT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup_limit {
	uint64_t total;	      /* bytes */
	uint64_t free;	      /* bytes of them that are left */
	char file[PATH_MAX];  /* that holds the limit */
	const char *no_limit; /* what to write there to lift it */
};

/*
 * Finds the limit that leaves least, from the cgroup of the process (0: this
 * one) up to the root. False: there is none. root: "", or for tests a directory
 * that stands for "/".
 */
bool cgroup_limit_find(const char *root, pid_t pid, uint64_t page,
		       struct cgroup_limit *least);

#endif
