/* SPDX-License-Identifier: MIT */
/*
 * Wrappers of mmap(), munmap(), mprotect() and mremap().
 *
 * A call that concerns no window costs one or two comparisons and goes to the
 * real function. The exception is a private mapping of a file, which costs one
 * statx(): nothing else tells our files from others. A call that concerns a
 * window follows doc/interface.md, section 6; attach_client.c carries it out.
 *
 * libmshare.so contains these wrappers too, so that the same rules apply in a
 * program that links it.
 *
 * Build this file without _FILE_OFFSET_BITS, which renames mmap().
 */
#if defined(_FILE_OFFSET_BITS) || defined(_TIME_BITS)
#error "build wrap_memory.c without _FILE_OFFSET_BITS"
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/syscalls.h"
#include "engine/attach_client.h"
#include "engine/engine.h"
#include "wrap/libc_real.h"
#include "wrap/redirect.h"
#include "wrap/window_range.h"
#include "wrap/wrap.h"
#include "engine/window_leave.h"
#include "engine/window_table.h"

const struct redirect *redirect;
size_t redirect_min = SIZE_MAX;

__attribute__((constructor(101))) static void init(void)
{
	real_init();
	engine_init();
}

/*
 * Whether fd is a file of msharefs and the engine of this library maps it. If
 * the process uses the engine of another library (engine.h), the wrappers of
 * that library come first, and call ours only in place of libc.
 */
static bool is_region(int fd)
{
	return engine_is_here() && attach_is_msharefs(fd);
}

/* The return value of mmap() and mremap(). */
static void *result(int err, void *base)
{
	if (!err)
		return base;
	errno = -err;
	return MAP_FAILED;
}

static void *map_region(const struct mmap_args *args)
{
	void *base = NULL;
	int err = engine_here.map(args, &base);

	return result(err, base);
}

/* Maps something else over windows; the range must contain them whole. */
static void *map_over(const struct mmap_args *args)
{
	uintptr_t addr = (uintptr_t)args->addr;
	size_t len = page_up(args->length);
	void *base = MAP_FAILED;
	sigset_t mask;
	int err;

	window_table_lock(&mask);
	err = window_table_overlap(addr, len) == OVERLAP_PART
		      ? -EINVAL
		      : window_leave_begins(addr, len);
	if (err) {
		errno = -err;
	} else {
		base = real.mmap(args->addr, args->length, args->prot,
				 args->flags, args->fd, args->offset);
		window_leave_ended(addr, len, base != MAP_FAILED);
	}
	window_table_unlock(&mask);
	return base;
}

#define AT_ADDRESS (MAP_FIXED | MAP_FIXED_NOREPLACE)

static bool is_shared_memory(const struct mmap_args *args)
{
	return redirect && args->length >= redirect_min &&
	       (args->flags & (MAP_TYPE | MAP_ANONYMOUS)) ==
		       (MAP_SHARED | MAP_ANONYMOUS);
}

static void *map_file_or_fixed(const struct mmap_args *args)
{
	bool file = !(args->flags & MAP_ANONYMOUS);
	/* MAP_FIXED_NOREPLACE unmaps nothing. */
	bool fixed = (args->flags & AT_ADDRESS) == MAP_FIXED;
	int saved = errno, err;
	void *base;

	if (args->flags & AT_ADDRESS &&
	    may_be_redirected(args->addr, args->length)) {
		err = redirect->make_room(args);
		if (err)
			return result(err, NULL);
	}
	if (UNLIKELY(is_shared_memory(args)) && redirect->map(args, &base))
		return base;
	/* A shared mapping of a region fails with ENODEV: check only then. */
	if (file && !fixed && (args->flags & MAP_TYPE) != MAP_PRIVATE) {
		base = real.mmap(args->addr, args->length, args->prot,
				 args->flags, args->fd, args->offset);
		if (LIKELY(base != MAP_FAILED) || errno != ENODEV ||
		    !is_region(args->fd))
			return base;
		errno = saved; /* the program must not see this failure */
		return map_region(args);
	}
	/* A private mapping would succeed, and a fixed one would unmap first.
	 */
	if (file && UNLIKELY(is_region(args->fd)))
		return map_region(args);
	if (fixed && touches_window(args->addr, args->length))
		return map_over(args);
	return real.mmap(args->addr, args->length, args->prot, args->flags,
			 args->fd, args->offset);
}

static inline void *map(void *addr, size_t len, int prot, int flags, int fd,
			int64_t offset)
{
	const struct mmap_args args = {addr, len, prot, flags, fd, offset};

	if (LIKELY((flags & (MAP_ANONYMOUS | AT_ADDRESS)) == MAP_ANONYMOUS &&
		   len < redirect_min))
		return real.mmap(addr, len, prot, flags, fd, offset);
	return map_file_or_fixed(&args);
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	return map(addr, len, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off64_t offset)
{
	return map(addr, len, prot, flags, fd, offset);
}

static int unmap_windows(void *addr, size_t len)
{
	size_t whole = page_up(len);
	sigset_t mask;
	int err, ret = -1;

	window_table_lock(&mask);
	err = window_table_overlap((uintptr_t)addr, whole) == OVERLAP_PART
		      ? -EINVAL
		      : window_leave_begins((uintptr_t)addr, whole);
	if (err) {
		errno = -err;
	} else {
		ret = real.munmap(addr, len);
		window_leave_ended((uintptr_t)addr, whole, !ret);
	}
	window_table_unlock(&mask);
	return ret;
}

EXPORT int munmap(void *addr, size_t len)
{
	int err;

	if (touches_window(addr, len))
		return unmap_windows(addr, len);
	if (may_be_redirected(addr, len) && redirect->unmap(addr, len, &err))
		return wrap_status(err);
	return real.munmap(addr, len);
}

EXPORT int mprotect(void *addr, size_t len, int prot)
{
	int err;

	if (is_in_window(addr, len))
		return wrap_status(-EINVAL);
	if (may_be_redirected(addr, len) &&
	    redirect->protect(addr, len, prot, -1, &err))
		return wrap_status(err);
	return real.mprotect(addr, len, prot);
}

/* A window cannot grow, shrink, move or be duplicated. */
static void *remap_window(void *addr, size_t old_len, size_t len, int flags)
{
	struct window *w = window_at((uintptr_t)addr);
	uintptr_t base = w ? atomic_load(&w->base) : 0;
	bool whole = w && base == (uintptr_t)addr &&
		     atomic_load(&w->size) == page_up(old_len);

	if (whole && page_up(len) > page_up(old_len))
		return result(-EFAULT, NULL);
	if (whole && page_up(len) == page_up(old_len) &&
	    !(flags & MREMAP_DONTUNMAP))
		return addr;
	return result(-EINVAL, NULL);
}

/*
 * Whether the kernel refuses these arguments of mremap() before it looks at any
 * memory, or where there is none. Nothing may have changed then.
 */
static bool is_refused(const void *addr, size_t old_len, size_t len, int flags,
		       const void *to)
{
	const size_t page = page_up(1), old = page_up(old_len);
	const uintptr_t from = (uintptr_t)addr, there = (uintptr_t)to;
	const bool fixed = flags & MREMAP_FIXED;

	if ((from | (fixed ? there : 0)) & (page - 1) ||
	    page_up(len) - 1 >= SIZE_MAX / 2 || old < old_len)
		return true;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) &&
	    !(flags & MREMAP_MAYMOVE))
		return true;
	if (flags & MREMAP_DONTUNMAP && old != page_up(len))
		return true;
	return fixed && ((from < there + page_up(len) && there < from + old) ||
			 there > SIZE_MAX / 2 - len ||
			 SYS_CALL(SYS_msync, addr, page, MS_ASYNC));
}

/* False: the kernel is to do it. */
static bool remap_redirected(void *addr, size_t old_len, size_t len, int flags,
			     void *to, void **ret)
{
	const struct mmap_args there = {
		.addr = to,
		.length = len,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		.fd = -1,
	};
	const bool concerns =
		may_be_redirected(addr, old_len ? old_len : 1) ||
		(flags & MREMAP_FIXED && may_be_redirected(to, len));
	int err;

	if (!concerns || is_refused(addr, old_len, len, flags, to))
		return false;
	if (may_be_redirected(addr, old_len ? old_len : 1) &&
	    redirect->remap(addr, old_len, len, flags, ret, &err)) {
		*ret = result(err, *ret);
		return true;
	}
	err = flags & MREMAP_FIXED && may_be_redirected(to, len)
		      ? redirect->make_room(&there)
		      : 0;
	*ret = result(err, NULL);
	return err;
}

EXPORT void *mremap(void *addr, size_t old_len, size_t len, int flags, ...)
{
	void *to = NULL, *ret;
	va_list args;

	/* With MREMAP_DONTUNMAP alone the address is a hint. */
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
	}
	if (is_in_window(addr, old_len ? old_len : 1))
		return flags & MREMAP_FIXED
			       ? result(-EINVAL, NULL)
			       : remap_window(addr, old_len, len, flags);
	if (flags & MREMAP_FIXED && is_in_window(to, len))
		return result(-EINVAL, NULL);
	if (remap_redirected(addr, old_len, len, flags, to, &ret))
		return ret;
	return real.mremap(addr, old_len, len, flags, to);
}
