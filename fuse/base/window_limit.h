/* SPDX-License-Identifier: MIT */
/* How many windows the daemon may have, by its limit of descriptors. */
#ifndef WINDOW_LIMIT_H
#define WINDOW_LIMIT_H

#include <stdint.h>

/* How many windows a daemon has with so many descriptors, two for each. */
static inline uint64_t window_limit(uint64_t fds)
{
	uint64_t kept =
		fds / 4; /* for all else: not less than it begins with */

	if (kept > 256)
		kept = 256;
	if (kept < 24)
		kept = fds < 48 ? fds / 2 : 24;
	return (fds - kept) / 2;
}

#endif
