/* SPDX-License-Identifier: MIT */
/* What an errand works on: a window, whose process may be slow. */
#ifndef ERRAND_TARGET_H
#define ERRAND_TARGET_H

#include <stdint.h>
#include <sys/types.h>

#include "common/uffd.h"

struct errand_target {
	int uffd;
	uid_t uid;
	uintptr_t base;
	void *window;
	/*
	 * 0, or -errno as uffd_steps(); -EBUSY: no step was begun, or will be;
	 * -EINPROGRESS: one still goes on. Then uffd has to stay open, until
	 * errands_reap() (errand.h) names the window.
	 */
	int result;
};

#endif
