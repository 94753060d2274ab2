/* SPDX-License-Identifier: MIT */
/* What the daemon of a mount uses. */
#ifndef DAEMON_H
#define DAEMON_H

#include <time.h>

struct daemon {
	int pid;
	clockid_t cpu;
};

/* The daemon that serves a file in the root of a mount; exits without one. */
struct daemon daemon_of(const char *file);

double daemon_cpu_us(const struct daemon *daemon); /* since its start */

/* KiB of its private memory, without huge pages. */
double daemon_private_kib(const struct daemon *daemon);

int daemon_descriptors(const struct daemon *daemon);

#endif
