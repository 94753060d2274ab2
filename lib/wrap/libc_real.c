/* SPDX-License-Identifier: MIT */
/* Resolves the functions of libc that the wrappers replace. */
#include "wrap/libc_real.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/syscalls.h"

static void *raw_mmap(void *addr, size_t len, int prot, int flags, int fd,
		      int64_t offset)
{
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

static int raw_munmap(void *addr, size_t len)
{
	return (int)syscall(SYS_munmap, addr, len);
}

static int raw_mprotect(void *addr, size_t len, int prot)
{
	return (int)syscall(SYS_mprotect, addr, len, prot);
}

static void *raw_mremap(void *addr, size_t old_len, size_t len, int flags,
			void *to)
{
	return (void *)syscall(SYS_mremap, addr, old_len, len, flags, to);
}

static int raw_open(const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static int raw_openat(int dir, const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static int raw_statfs(const char *path, struct statfs *fs)
{
	return (int)syscall(SYS_statfs, path, fs);
}

static int raw_fstatfs(int fd, struct statfs *fs)
{
	return (int)syscall(SYS_fstatfs, fd, fs);
}

static int raw_mount(const char *source, const char *target, const char *type,
		     unsigned long flags, const void *data)
{
	return (int)syscall(SYS_mount, source, target, type, flags, data);
}

static int raw_umount2(const char *target, int flags)
{
	return (int)syscall(SYS_umount2, target, flags);
}

struct real real = {
	.mmap = raw_mmap,
	.munmap = raw_munmap,
	.mprotect = raw_mprotect,
	.mremap = raw_mremap,
	.sigaction = __sigaction,
	.open = raw_open,
	.openat = raw_openat,
	.statfs = raw_statfs,
	.fstatfs = raw_fstatfs,
	.mount = raw_mount,
	.umount2 = raw_umount2,
};

/* Leaves the field unchanged if there is no such symbol. */
#define RESOLVE(field, name)                             \
	do {                                             \
		void *symbol_ = dlsym(RTLD_NEXT, name);  \
		if (symbol_)                             \
			*(void **)&real.field = symbol_; \
	} while (0)

void real_init(void)
{
	RESOLVE(mmap, "mmap64");
	RESOLVE(munmap, "munmap");
	RESOLVE(mprotect, "mprotect");
	RESOLVE(mremap, "mremap");
	RESOLVE(sigaction, "sigaction");
	RESOLVE(signal, "signal");
	RESOLVE(sysv_signal, "__sysv_signal");
	RESOLVE(sigset, "sigset");
	RESOLVE(sigignore, "sigignore");
	RESOLVE(siginterrupt, "siginterrupt");
	RESOLVE(open, "open64");
	RESOLVE(openat, "openat64");
	RESOLVE(open_2, "__open64_2");
	RESOLVE(openat_2, "__openat64_2");
	RESOLVE(fopen, "fopen64");
	RESOLVE(setmntent, "setmntent");
	RESOLVE(statfs, "statfs64");
	RESOLVE(fstatfs, "fstatfs64");
	RESOLVE(mount, "mount");
	RESOLVE(umount2, "umount2");
}
