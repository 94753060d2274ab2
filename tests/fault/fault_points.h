/* SPDX-License-Identifier: MIT */
/*
 * Fault points: in a build with --enable-fault-points the daemon passes one
 * whenever it allocates memory, opens, maps or sends something, starts a
 * thread or works on a userfaultfd; so does the engine, in the preload library.
 * The file named by $MSHARE_FAULT_POINTS, or $MSHARE_ENGINE_FAULT_POINTS, holds
 * this struct; who maps it chooses which one fails.
 */
#ifndef FAULT_POINTS_H
#define FAULT_POINTS_H

#include <stdatomic.h>
#include <stdbool.h>

#define UFFD_POINT "ioctl of a userfaultfd"

struct fault_points {
	atomic_long left; /* points until one fails; 0 or less: none does */
	atomic_int more;  /* times that the same call fails again after that */
	atomic_long passed; /* points since the daemon has begun */
	char name[32];	    /* the call that failed last */
	char caller[64];    /* its return address, for addr2line */
};

/* Both have --wrap=syscall. */
long __real_syscall(long number, ...);

/* Maps the file that the environment variable names. */
void fault_points_map(const char *variable);
/* Whether the call of that name, from there, has to fail. */
bool fault_points_pass(const char *name, const void *caller);

#endif
