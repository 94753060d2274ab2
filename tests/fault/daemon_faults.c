/* SPDX-License-Identifier: MIT */
/*
 * The daemon's calls that can fail, by "ld --wrap": __wrap_NAME is called
 * instead of NAME.
 */
#include "fault_points.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int __real_openat(int dir, const char *path, int flags, ...);

__attribute__((constructor)) static void map_points(void)
{
	fault_points_map("MSHARE_FAULT_POINTS");
}

#define WRAP(type, name, params, args, failure, error)                       \
	type __real_##name params;                                           \
	type __wrap_##name params;                                           \
	type __wrap_##name params                                            \
	{                                                                    \
		if (fault_points_pass(#name, __builtin_return_address(0))) { \
			errno = error;                                       \
			return failure;                                      \
		}                                                            \
		return __real_##name args;                                   \
	}

WRAP(void *, malloc, (size_t n), (n), NULL, ENOMEM)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL, ENOMEM)
WRAP(void *, realloc, (void *at, size_t n), (at, n), NULL, ENOMEM)
WRAP(void *, reallocarray, (void *at, size_t n, size_t size), (at, n, size),
     NULL, ENOMEM)
WRAP(char *, strdup, (const char *text), (text), NULL, ENOMEM)
WRAP(char *, realpath, (const char *path, char *to), (path, to), NULL, ENOMEM)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL,
     EMFILE)
WRAP(void *, opendir, (const char *path), (path), NULL, EMFILE)
WRAP(int, memfd_create, (const char *name, unsigned int flags), (name, flags),
     -1, EMFILE)
WRAP(int, socket, (int domain, int type, int protocol),
     (domain, type, protocol), -1, EMFILE)
WRAP(int, accept4, (int fd, struct sockaddr *from, socklen_t *size, int flags),
     (fd, from, size, flags), -1, EMFILE)
WRAP(int, eventfd, (unsigned int n, int flags), (n, flags), -1, EMFILE)
WRAP(int, epoll_create1, (int flags), (flags), -1, EMFILE)
WRAP(int, timerfd_create, (int clock, int flags), (clock, flags), -1, EMFILE)
WRAP(int, pipe2, (int *ends, int flags), (ends, flags), -1, EMFILE)
WRAP(void *, mmap,
     (void *at, size_t size, int prot, int flags, int fd, off_t off),
     (at, size, prot, flags, fd, off), MAP_FAILED, ENOMEM)
WRAP(int, mprotect, (void *at, size_t size, int prot), (at, size, prot), -1,
     ENOMEM)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), -1, ENOSPC)
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *),
      void *arg),
     (thread, attr, run, arg), EAGAIN, errno)

int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD &&
	    fault_points_pass("epoll_ctl", __builtin_return_address(0))) {
		errno = ENOSPC;
		return -1;
	}
	return __real_epoll_ctl(epoll, op, fd, event);
}

/* To free what is there takes nothing, so it does not fail. */
int __real_fallocate(int fd, int mode, off_t at, off_t size);
int __wrap_fallocate(int fd, int mode, off_t at, off_t size);
int __wrap_fallocate(int fd, int mode, off_t at, off_t size)
{
	if (!(mode & FALLOC_FL_PUNCH_HOLE) &&
	    fault_points_pass("fallocate", __builtin_return_address(0))) {
		errno = ENOSPC;
		return -1;
	}
	return __real_fallocate(fd, mode, at, size);
}

int __real_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice)
{
	const bool allocates =
		advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;

	if (allocates &&
	    fault_points_pass("madvise", __builtin_return_address(0))) {
		errno = ENOMEM;
		return -1;
	}
	return __real_madvise(at, size, advice);
}

static int open_or_fail(const char *name, const void *caller, int dir,
			const char *path, int flags, va_list more)
{
	mode_t mode =
		flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;

	if (fault_points_pass(name, caller)) {
		errno = EMFILE;
		return -1;
	}
	return __real_openat(dir, path, flags, mode);
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list more;
	int fd;

	va_start(more, flags);
	fd = open_or_fail("open", __builtin_return_address(0), AT_FDCWD, path,
			  flags, more);
	va_end(more);
	return fd;
}

int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	va_list more;
	int fd;

	va_start(more, flags);
	fd = open_or_fail("openat", __builtin_return_address(0), dir, path,
			  flags, more);
	va_end(more);
	return fd;
}

/* Those of syscall() that can fail, and how. */
static const struct {
	long number;
	const char *name;
	int error;
} direct[] = {
	{SYS_userfaultfd, "userfaultfd", EMFILE},
	{SYS_ioctl, UFFD_POINT, ENOMEM},
	{SYS_mmap, "mmap", ENOMEM},
	{SYS_sendmsg, "sendmsg", ENOBUFS},
	{SYS_pidfd_open, "pidfd_open", EMFILE},
};

long __wrap_syscall(long number, long a, long b, long c, long d, long e,
		    long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	for (size_t i = 0; i < sizeof(direct) / sizeof(direct[0]); i++)
		if (direct[i].number == number &&
		    fault_points_pass(direct[i].name,
				      __builtin_return_address(0))) {
			errno = direct[i].error;
			return -1;
		}
	return __real_syscall(number, a, b, c, d, e, f);
}
