/* SPDX-License-Identifier: MIT */
/*
 * The engine's system calls that can fail, in the preload library, by "ld
 * --wrap". All of its calls are syscall() (common/syscalls.h).
 */
#include "fault_points.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

__attribute__((constructor)) static void map_points(void)
{
	fault_points_map("MSHARE_ENGINE_FAULT_POINTS");
}

static const struct {
	long number;
	const char *name;
	int error;
} calls[] = {
	{SYS_mmap, "mmap", ENOMEM},
	{SYS_mprotect, "mprotect", ENOMEM},
	{SYS_mremap, "mremap", ENOMEM},
	{SYS_madvise, "madvise", ENOMEM},
	{SYS_openat, "openat", EMFILE},
	{SYS_socket, "socket", EMFILE},
	{SYS_memfd_create, "memfd_create", EMFILE},
	{SYS_pipe2, "pipe2", EMFILE},
	{SYS_userfaultfd, "userfaultfd", EMFILE},
	{SYS_sendmsg, "sendmsg", ENOBUFS},
	{SYS_recvmsg, "recvmsg", ENOBUFS},
	{SYS_connect, "connect", EAGAIN},
};

/* Of some calls only one kind can fail. */
static const char *kind_of(long number, unsigned long what)
{
	if (number == SYS_ioctl)
		return _IOC_TYPE(what) == UFFDIO ? UFFD_POINT : "ioctl";
	if (number == SYS_fcntl && what == F_DUPFD_CLOEXEC)
		return "fcntl of F_DUPFD_CLOEXEC";
	return NULL;
}

static int error_of(long number, unsigned long what, const void *caller)
{
	const char *kind = kind_of(number, what);

	if (kind && fault_points_pass(kind, caller))
		return number == SYS_ioctl ? ENOMEM : EMFILE;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number &&
		    fault_points_pass(calls[i].name, caller))
			return calls[i].error;
	return 0;
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e,
		    long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	const int error =
		error_of(number, (unsigned long)b, __builtin_return_address(0));

	if (!error)
		return __real_syscall(number, a, b, c, d, e, f);
	errno = error;
	return -1;
}
