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

static int raw_madvise(void *addr, size_t len, int advice)
{
	return (int)syscall(SYS_madvise, addr, len, advice);
}

static ssize_t raw_process_madvise(int pidfd, const struct iovec *ranges,
				   size_t n, int advice, unsigned int flags)
{
	return syscall(SYS_process_madvise, pidfd, ranges, n, advice, flags);
}

static int raw_pkey_mprotect(void *addr, size_t len, int prot, int key)
{
	return (int)syscall(SYS_pkey_mprotect, addr, len, prot, key);
}

static int raw_remap_file_pages(void *addr, size_t len, int prot, size_t offset,
				int flags)
{
	return (int)syscall(SYS_remap_file_pages, addr, len, prot, offset,
			    flags);
}

static ssize_t raw_read(int fd, void *to, size_t n)
{
	return syscall(SYS_read, fd, to, n);
}

static ssize_t raw_pread(int fd, void *to, size_t n, off_t at)
{
	return syscall(SYS_pread64, fd, to, n, at);
}

static ssize_t raw_readv(int fd, const struct iovec *to, int n)
{
	return syscall(SYS_readv, fd, to, n);
}

static int raw_dup3(int from, int to, int flags)
{
	return (int)syscall(SYS_dup3, from, to, flags);
}

/* There are machines without a system call of this name. */
static int raw_dup2(int from, int to)
{
	if (from == to)
		return fcntl(from, F_GETFD) < 0 ? -1 : to;
	return raw_dup3(from, to, 0);
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
	.madvise = raw_madvise,
	.read = raw_read,
	.pread = raw_pread,
	.readv = raw_readv,
	.dup2 = raw_dup2,
	.dup3 = raw_dup3,
	.process_madvise = raw_process_madvise,
	.pkey_mprotect = raw_pkey_mprotect,
	.remap_file_pages = raw_remap_file_pages,
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
	RESOLVE(madvise, "madvise");
	RESOLVE(read, "read");
	RESOLVE(pread, "pread64");
	RESOLVE(readv, "readv");
	RESOLVE(read_chk, "__read_chk");
	RESOLVE(pread_chk, "__pread64_chk");
	RESOLVE(dup2, "dup2");
	RESOLVE(dup3, "dup3");
	RESOLVE(posix_madvise, "posix_madvise");
	RESOLVE(process_madvise, "process_madvise");
	RESOLVE(pkey_mprotect, "pkey_mprotect");
	RESOLVE(remap_file_pages, "remap_file_pages");
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
	RESOLVE(dlopen, "dlopen");
}
