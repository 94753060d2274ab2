/* SPDX-License-Identifier: MIT */
/* What the daemon of a mount takes. */
#ifndef DAEMON_H
#define DAEMON_H

#include <time.h>

struct daemon {
	int pid;
	clockid_t cpu;
};

/* Whoever serves this file at the top of a mount; dies if nobody does. */
struct daemon daemon_of(const char *file);

double daemon_cpu_us(const struct daemon *daemon); /* since it began */

/* KiB of memory that is its alone, huge pages not counted. */
double daemon_private_kib(const struct daemon *daemon);

int daemon_descriptors(const struct daemon *daemon);

#endif
