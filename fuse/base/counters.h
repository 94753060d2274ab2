/* SPDX-License-Identifier: MIT */
/* What the daemon has counted since it started (ops/ioctl_status.c). */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct counters {
	_Atomic uint64_t windows;  /* that exist now */
	_Atomic uint64_t attached; /* windows that were made */
	_Atomic uint64_t refused;  /* windows that could not be made */
	_Atomic uint64_t changes;  /* of mappings */
};

/* A daemon serves one mount, so one set is enough. */
extern struct counters counters;

#endif
