/* SPDX-License-Identifier: MIT */
/*
 * Requests that may take long (changes, queries that look for pages or wait for
 * windows) take turns, so that no user can occupy all threads of the daemon.
 */
#ifndef IOCTL_TURNS_H
#define IOCTL_TURNS_H

#include <stddef.h>

#include "ops/server.h"

/*
 * Runs the request now if the user may have one more at work, which costs a
 * lock and nothing else. Else the request waits, without a thread.
 */
void ioctl_in_turn(struct call *call, unsigned int cmd, size_t in_size,
		   void (*run)(struct call *call, unsigned int cmd));

#endif
