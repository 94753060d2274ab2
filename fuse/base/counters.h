/* SPDX-License-Identifier: MIT */
/* What has happened since the daemon began, for who asks (status.h). */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct counters {
	_Atomic uint64_t windows;  /* that there are */
	_Atomic uint64_t attached; /* that were made */
	_Atomic uint64_t refused;  /* that could not be */
	_Atomic uint64_t changes;  /* of mappings */
};

/* One daemon, one mount, one set of them. */
extern struct counters counters;

#endif
