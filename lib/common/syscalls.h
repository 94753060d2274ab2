/* SPDX-License-Identifier: MIT */
/*
 * Direct system calls. In both libraries the names mmap(), munmap() and so on
 * are our own wrappers. Unlike libc's functions, these are not cancellation
 * points. They return what the kernel returns: >= 0 or -errno.
 */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* syscall() sets errno, which belongs to the application. */
#define SYS_CALL(...)                                 \
	({                                            \
		int sys_errno_ = errno;               \
		long sys_ret_ = syscall(__VA_ARGS__); \
		if (sys_ret_ == -1)                   \
			sys_ret_ = -errno;            \
		errno = sys_errno_;                   \
		sys_ret_;                             \
	})

/* libc's sigaction(), under a name that no preloaded library replaces. */
extern int __sigaction(int sig, const struct sigaction *act,
		       struct sigaction *old);

/* Whether what a system call returned is -errno, not an address. */
static inline bool sys_failed(long ret)
{
	return ret < 0 && ret >= -4095;
}

/* Returns an address or -errno. No mapping has an address in the upper half. */
static inline long sys_mmap(uintptr_t addr, size_t len, int prot, int flags,
			    int fd, off_t offset)
{
	return SYS_CALL(SYS_mmap, addr, len, prot, flags, fd, offset);
}

static inline int sys_munmap(uintptr_t addr, size_t len)
{
	return (int)SYS_CALL(SYS_munmap, addr, len);
}

static inline int sys_mprotect(uintptr_t addr, size_t len, int prot)
{
	return (int)SYS_CALL(SYS_mprotect, addr, len, prot);
}

static inline int sys_close(int fd)
{
	return (int)SYS_CALL(SYS_close, fd);
}

static inline int sys_ioctl(int fd, unsigned long request, const void *arg)
{
	return (int)SYS_CALL(SYS_ioctl, fd, request, arg);
}

#endif
