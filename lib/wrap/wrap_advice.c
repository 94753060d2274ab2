/* SPDX-License-Identifier: MIT */
/*
 * Wrappers of madvise() and other calls that change memory or how it is mapped.
 * In a window most would do harm: take memory from every process, or give the
 * mapping flags with which it shares no page tables. Those that are mere hints
 * succeed and do nothing there, as in the kernel series; the others fail.
 *
 * A call that concerns no window costs one or two comparisons.
 */
#if defined(_FILE_OFFSET_BITS) || defined(_TIME_BITS)
#error "build wrap_advice.c without _FILE_OFFSET_BITS"
#endif

#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "common/syscalls.h"
#include "wrap/libc_real.h"
#include "wrap/redirect.h"
#include "wrap/window_range.h"
#include "wrap/wrap.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

enum verdict {
	PASS,	/* the kernel's business: harms nobody */
	IGNORE, /* a hint */
	REFUSE,
	INHERIT, /* whether children get the window: window_inherit.h */
};

static enum verdict judge(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return IGNORE;
	case MADV_REMOVE:
	case MADV_GUARD_INSTALL:
	case MADV_GUARD_REMOVE:
		return REFUSE;
	case MADV_DONTFORK:
	case MADV_DOFORK:
		return INHERIT;
	default:
		return PASS;
	}
}

/* The window that contains the range, or NULL. Under the lock. */
static struct window *around(uintptr_t addr, size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct window *w = window_at(addr);

	return w && !(addr & (page - 1)) &&
			       len <= atomic_load(&w->base) +
					       atomic_load(&w->size) - addr
		       ? w
		       : NULL;
}

/* 0 or -EINVAL. Under the lock. */
static int advise(uintptr_t addr, size_t len, int advice)
{
	struct window *w = around(addr, len);

	switch (w ? judge(advice) : REFUSE) {
	case IGNORE:
		return 0;
	case INHERIT:
		if (len != atomic_load(&w->size))
			return -EINVAL;
		w->stays_behind = advice == MADV_DONTFORK;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The result for a window in *err, or false: the range has none after all. */
static bool advise_window(void *addr, size_t len, int advice, int *err)
{
	sigset_t mask;
	bool mine;

	window_table_lock(&mask);
	mine = overlaps_window((uintptr_t)addr, len);
	if (mine)
		*err = advise((uintptr_t)addr, page_up(len), advice);
	window_table_unlock(&mask);
	return mine;
}

static inline bool is_mine(void *addr, size_t len, int advice, int *err)
{
	if (touches_window(addr, len) && judge(advice) != PASS)
		return advise_window(addr, len, advice, err);
	return may_be_redirected(addr, len) &&
	       redirect->advise(addr, len, advice, err);
}

EXPORT int madvise(void *addr, size_t len, int advice)
{
	int err;

	return is_mine(addr, len, advice, &err)
		       ? wrap_status(err)
		       : real.madvise(addr, len, advice);
}

/* Its advice has the same numbers, and POSIX_MADV_DONTNEED does nothing. */
EXPORT int posix_madvise(void *addr, size_t len, int advice)
{
	int err;

	NEED(posix_madvise);
	return is_mine(addr, len, advice, &err)
		       ? -err
		       : real.posix_madvise(addr, len, advice);
}

/*
 * Whether any of these ranges of this process touches a window. Reads them by
 * a system call: a bad pointer is for the kernel to refuse.
 */
static bool any_touches(const struct iovec *ranges, size_t n)
{
	const long self = SYS_CALL(SYS_getpid);
	struct iovec copy, to = {&copy, sizeof(copy)};

	for (size_t i = 0; i < n && i < UIO_MAXIOV; i++) {
		struct iovec from = {(void *)&ranges[i], sizeof(copy)};

		if (SYS_CALL(SYS_process_vm_readv, self, &to, 1UL, &from, 1UL,
			     0UL) != sizeof(copy))
			return false;
		if (is_in_window(copy.iov_base, copy.iov_len))
			return true;
	}
	return false;
}

/*
 * The kernel refuses all this advice for other processes, so it need not be
 * known which process pidfd is.
 */
EXPORT ssize_t process_madvise(int pidfd, const struct iovec *ranges, size_t n,
			       int advice, unsigned int flags)
{
	if (UNLIKELY(window_table_in_use()) && judge(advice) != PASS &&
	    any_touches(ranges, n))
		return wrap_status(-EINVAL);
	return real.process_madvise(pidfd, ranges, n, advice, flags);
}

EXPORT int pkey_mprotect(void *addr, size_t len, int prot, int key)
{
	int err;

	if (is_in_window(addr, len))
		return wrap_status(-EINVAL);
	if (may_be_redirected(addr, len) &&
	    redirect->protect(addr, len, prot, key, &err))
		return wrap_status(err);
	return real.pkey_mprotect(addr, len, prot, key);
}

EXPORT int remap_file_pages(void *addr, size_t len, int prot, size_t offset,
			    int flags)
{
	return is_in_window(addr, len)
		       ? wrap_status(-EINVAL)
		       : real.remap_file_pages(addr, len, prot, offset, flags);
}
