/* SPDX-License-Identifier: MIT */
/* How FUSE says that the daemon of a mount has ended. */
#ifndef DAEMON_GONE_H
#define DAEMON_GONE_H

#include <errno.h>
#include <stdbool.h>

/* error: positive. ECONNABORTED: it ended before it answered this call. */
static inline bool daemon_is_gone(int error)
{
	return error == ENOTCONN || error == ECONNABORTED;
}

#endif
