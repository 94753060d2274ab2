/* SPDX-License-Identifier: MIT */
/*
 * Moves redirected memory back to ordinary memory, for calls that huge pages
 * cannot carry out, such as mprotect() of a part of one.
 */
#ifndef SHARE_ORDINARY_H
#define SHARE_ORDINARY_H

#include <stdint.h>

/*
 * Moves every object that has a part with a huge page in the range. call: for
 * the message if that cannot be done, because another process has the memory or
 * another thread could use it meanwhile. 0 or -EINVAL. The caller holds the
 * lock.
 */
int share_make_ordinary(uintptr_t start, uintptr_t end, const char *call);

#endif
