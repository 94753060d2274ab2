/* SPDX-License-Identifier: MIT */
/* What the files of wrappers have in common. */
#ifndef WRAP_H
#define WRAP_H

#define EXPORT __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Constructors of other libraries may come before ours. */
#define NEED(field)                        \
	do {                               \
		if (UNLIKELY(!real.field)) \
			real_init();       \
	} while (0)

#endif
