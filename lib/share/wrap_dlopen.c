/* SPDX-License-Identifier: MIT */
/*
 * dlopen() without RTLD_DEEPBIND while memory is redirected: a library that is
 * bound to libc first, such as PHP's opcache, would not call the wrappers.
 */
#include <dlfcn.h>

#include "wrap/libc_real.h"
#include "wrap/redirect.h"
#include "wrap/wrap.h"

/*
 * libc searches in the directories of whoever calls it, which it knows by the
 * return address. So this must be a jump, which takes an optimization.
 */
#pragma GCC optimize("O2")

EXPORT void *dlopen(const char *file, int mode)
{
	NEED(dlopen);
	return real.dlopen(file, redirect ? mode & ~RTLD_DEEPBIND : mode);
}
