/* SPDX-License-Identifier: MIT */
/* How many windows the daemon may have, by its limit of descriptors. */
#ifndef WINDOW_LIMIT_H
#define WINDOW_LIMIT_H

#include <stdint.h>

/*
 * A window takes two descriptors. Some are kept for everything else, at least
 * as many as the daemon has when it starts.
 */
static inline uint64_t window_limit(uint64_t fds)
{
	uint64_t kept = fds / 4;

	if (kept > 256)
		kept = 256;
	if (kept < 24)
		kept = fds < 48 ? fds / 2 : 24;
	return (fds - kept) / 2;
}

#endif
