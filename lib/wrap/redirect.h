/* SPDX-License-Identifier: MIT */
/*
 * What the preload library does for programs that know nothing of msharefs
 * (share/): their shared memory is redirected to huge pages. libmshare.so does
 * not do that, nor the preload unless the environment asks for it.
 */
#ifndef REDIRECT_H
#define REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/attach_client.h"
#include "wrap/wrap.h"

/*
 * Those that return bool return false if the call concerns no redirected
 * memory and is to be made as it is; else *err is 0 or -errno.
 */
struct redirect {
	/* mmap() of redirect_min bytes or more of shared anonymous memory. */
	bool (*map)(const struct mmap_args *args, void **ret);
	/*
	 * Takes redirected memory, and what lies around it unseen, out of the
	 * way of mmap() with MAP_FIXED or MAP_FIXED_NOREPLACE. 0 or -errno.
	 */
	int (*make_room)(const struct mmap_args *args);
	bool (*unmap)(void *addr, size_t len, int *err);
	/* key: -1 for mprotect() */
	bool (*protect)(void *addr, size_t len, int prot, int key, int *err);
	bool (*remap)(void *addr, size_t old_len, size_t len, int flags,
		      void **ret, int *err);
	bool (*advise)(void *addr, size_t len, int advice, int *err);
};

extern const struct redirect *redirect; /* NULL: nothing is redirected */
extern size_t redirect_min;		/* SIZE_MAX: the same */

/* Whether [addr, addr + len) may be redirected: the loads of a window. */
static inline bool may_be_redirected(const void *addr, size_t len)
{
	return UNLIKELY(window_table_near(addr, len)) && redirect;
}

#endif
