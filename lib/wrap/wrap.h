/* SPDX-License-Identifier: MIT */
/* Macros that all files of wrappers use. */
#ifndef WRAP_H
#define WRAP_H

#include "common/export.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Constructors of other libraries may run before ours and call a wrapper. */
#define NEED(field)                        \
	do {                               \
		if (UNLIKELY(!real.field)) \
			real_init();       \
	} while (0)

#endif
