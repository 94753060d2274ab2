/* SPDX-License-Identifier: MIT */
/* Macros that all files of wrappers use. */
#ifndef WRAP_H
#define WRAP_H

#include <errno.h>

#include "common/export.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Turns 0 or -errno into what a function of libc returns. */
static inline int wrap_status(int err)
{
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

/* Constructors of other libraries may run before ours and call a wrapper. */
#define NEED(field)                        \
	do {                               \
		if (UNLIKELY(!real.field)) \
			real_init();       \
	} while (0)

#endif
