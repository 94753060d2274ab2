/* SPDX-License-Identifier: MIT */
/*
 * Wrappers of read() and its relatives, and of dup2(), for descriptors of lists
 * of mounts (fstype_view.h). Without such a descriptor they cost one
 * comparison.
 *
 * Build this file without _FILE_OFFSET_BITS, which renames pread(), and without
 * _FORTIFY_SOURCE, which defines a read() of its own.
 */
#if defined(_FILE_OFFSET_BITS) || defined(_TIME_BITS)
#error "build wrap_read.c without _FILE_OFFSET_BITS"
#endif
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/fstype_view.h"
#include "wrap/libc_real.h"
#include "wrap/wrap.h"

static ssize_t result(ssize_t ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static inline bool is_view(int fd, void *to, size_t n, off_t at, ssize_t *ret)
{
	return UNLIKELY(fstype_view_in_use()) &&
	       fstype_view_read(fd, to, n, at, ret);
}

EXPORT ssize_t read(int fd, void *to, size_t n)
{
	ssize_t ret;

	return is_view(fd, to, n, -1, &ret) ? result(ret)
					    : real.read(fd, to, n);
}

/* A negative offset is for the kernel to refuse. */
EXPORT ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	ssize_t ret;

	return at >= 0 && is_view(fd, to, n, at, &ret)
		       ? result(ret)
		       : real.pread(fd, to, n, at);
}

EXPORT ssize_t pread64(int fd, void *to, size_t n, off64_t at)
{
	return pread(fd, to, n, at);
}

EXPORT ssize_t readv(int fd, const struct iovec *to, int n)
{
	ssize_t ret;

	return n > 0 && n <= UIO_MAXIOV && UNLIKELY(fstype_view_in_use()) &&
			       fstype_view_read(fd, to->iov_base, to->iov_len,
						-1, &ret)
		       ? result(ret)
		       : real.readv(fd, to, n);
}

/* Programs built with _FORTIFY_SOURCE call these. */
EXPORT ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
EXPORT ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t room);
EXPORT ssize_t __pread64_chk(int fd, void *to, size_t n, off64_t at,
			     size_t room);

EXPORT ssize_t __read_chk(int fd, void *to, size_t n, size_t room)
{
	ssize_t ret;

	NEED(read_chk);
	return n <= room && is_view(fd, to, n, -1, &ret)
		       ? result(ret)
		       : real.read_chk(fd, to, n, room);
}

EXPORT ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t room)
{
	ssize_t ret;

	NEED(pread_chk);
	return n <= room && at >= 0 && is_view(fd, to, n, at, &ret)
		       ? result(ret)
		       : real.pread_chk(fd, to, n, at, room);
}

EXPORT ssize_t __pread64_chk(int fd, void *to, size_t n, off64_t at,
			     size_t room)
{
	return __pread_chk(fd, to, n, at, room);
}

static inline int copied(int from, int to)
{
	if (to >= 0 && UNLIKELY(fstype_view_in_use()))
		fstype_view_copy(from, to);
	return to;
}

EXPORT int dup2(int from, int to)
{
	return copied(from, real.dup2(from, to));
}

EXPORT int dup3(int from, int to, int flags)
{
	return copied(from, real.dup3(from, to, flags));
}
