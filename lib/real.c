/* SPDX-License-Identifier: MIT */
#include "real.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys.h"

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

struct real real = {
	.mmap = raw_mmap,
	.munmap = raw_munmap,
	.mprotect = raw_mprotect,
	.mremap = raw_mremap,
	.sigaction = __sigaction,
};

/* Leaves the field as it is if the name is not found. */
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
}
