/* SPDX-License-Identifier: MIT */
/*
 * The library loaded by dlopen(), as interpreters do: its calls work, though
 * its wrappers stand before nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/harness.h"
#include <mshare.h>

#define RW (PROT_READ | PROT_WRITE)
#define GIB ((size_t)1 << 30)

static struct {
	int (*create)(unsigned int flags);
	int (*map)(int fd, off_t offset, size_t size, int prot,
		   unsigned int flags);
	int (*protect)(int fd, off_t offset, size_t size, int prot);
	void *(*attach)(int fd, off_t offset, size_t size, void *addr,
			unsigned int flags);
	int (*detach)(void *addr, size_t size);
	const char *(*error)(void);
} lib;

static void load(void)
{
	void *handle = dlopen("libmshare.so.0", RTLD_NOW | RTLD_LOCAL);

	CU_ASSERT_FATAL(handle != NULL);
	*(void **)&lib.create = dlsym(handle, "mshare_create");
	*(void **)&lib.map = dlsym(handle, "mshare_map");
	*(void **)&lib.protect = dlsym(handle, "mshare_protect");
	*(void **)&lib.attach = dlsym(handle, "mshare_attach");
	*(void **)&lib.detach = dlsym(handle, "mshare_detach");
	*(void **)&lib.error = dlsym(handle, "mshare_error");
	CU_ASSERT_FATAL(lib.create && lib.map && lib.protect && lib.attach &&
			lib.detach && lib.error);
	/* It stays, as the kernel may call its handler. */
	CU_ASSERT(!dlclose(handle));
	setenv("MSHAREFS_MOUNT", mount_dir, 1);
}

/* A fault without any handler: in a child */
static void faults(void *arg)
{
	*(volatile char *)arg = 'x';
}

static void its_calls(void)
{
	const size_t page = mount_page();
	int fd = lib.create(MSHARE_CLOEXEC);
	char *at;

	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, (off_t)GIB));
	CU_ASSERT(!lib.map(fd, 0, page, RW, 0));
	at = lib.attach(fd, 0, 0, NULL, 0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	strcpy(at, "text");
	CU_ASSERT(in_child(faults, at + page) == 256 + SIGSEGV);
	CU_ASSERT(!lib.protect(fd, 0, page, PROT_READ));
	CU_ASSERT(in_child(faults, at) == 256 + SIGSEGV);
	CU_ASSERT(!strcmp(at, "text"));
	errno = 0;
	CU_ASSERT(lib.detach(at + page, 0) == -1 && errno == EINVAL);
	CU_ASSERT(!strncmp(lib.error(), "mshare_detach: ", 15));
	CU_ASSERT(!lib.detach(at, 0));
	close(fd);
}

static const struct test tests[] = {
	{"load", load},
	{"its calls", its_calls},
};

int main(void)
{
	return run_mount_tests("lib_dlopen", NULL, tests, N_TESTS(tests));
}
