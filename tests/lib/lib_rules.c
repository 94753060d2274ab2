/* SPDX-License-Identifier: MIT */
/*
 * A program that links libmshare needs no preload: of what it does with plain
 * system calls, too, the same rules hold. And whichever library they come
 * from, there is one engine: windows of either call are windows of both.
 */
#include "lib/lib_common.h"

#include <dlfcn.h>
#include <signal.h>

static size_t page;

static int region(void)
{
	int fd = mshare_fd(NULL, GIB, MSHARE_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0 && !mshare_map(fd, 0, page, RW, 0));
	return fd;
}

static char *plain(int fd)
{
	return mmap(NULL, GIB, RW, MAP_SHARED, fd, 0);
}

static void plain_calls(void)
{
	int fd = region();
	char *at = plain(fd);

	CU_ASSERT_FATAL(at != MAP_FAILED && !((uintptr_t)at % GIB));
	CU_ASSERT(!try_write(at, 'x').signal);
	CU_ASSERT(try_read(at + page).code == SEGV_MAPERR);
	CU_ASSERT(fails(munmap(at, page), EINVAL));
	CU_ASSERT(fails(mprotect(at, page, PROT_READ), EINVAL));
	CU_ASSERT(MAP_FAILS(mremap(at, GIB, 2 * GIB, MREMAP_MAYMOVE), EFAULT));
	CU_ASSERT(MAP_FAILS(mmap(NULL, page, RW, MAP_SHARED, fd, 0), EINVAL));
	CU_ASSERT(MAP_FAILS(mmap(NULL, GIB, RW, MAP_PRIVATE, fd, 0), EINVAL));
	CU_ASSERT(*at == 'x' && !munmap(at, GIB));
	CU_ASSERT(refuses(mshare_detach(at, 0), EINVAL, "no window"));
	close(fd);
}

static void both_ways(void)
{
	int fd = region();
	char *at = plain(fd), *other = mshare_attach(fd, 0, 0, NULL, 0);

	CU_ASSERT_FATAL(at != MAP_FAILED && other != MAP_FAILED);
	*at = 'b';
	CU_ASSERT(*other == 'b');
	CU_ASSERT(fails(munmap(other, page), EINVAL));
	CU_ASSERT(fails(mprotect(other, GIB, PROT_READ), EINVAL));
	CU_ASSERT(!mshare_detach(at, GIB) && !munmap(other, GIB));
	CU_ASSERT(refuses(mshare_detach(other, 0), EINVAL, "no window"));
	close(fd);
}

/* mshare_unlink() knows windows that mmap() made, and of this file only. */
static void unlink_finds_all(void)
{
	int fd = region_create("r", GIB), other = region_create("s", GIB);
	char *at, *another;

	CU_ASSERT(!mshare_map(fd, 0, page, RW, 0));
	CU_ASSERT(!mshare_map(other, 0, page, RW, 0));
	at = plain(fd);
	another = plain(other);
	CU_ASSERT(!try_read(at).signal && !try_read(another).signal);
	CU_ASSERT(!mshare_unlink("r"));
	CU_ASSERT(try_read(at).signal == SIGSEGV && !try_read(another).signal);
	CU_ASSERT(!munmap(another, GIB));
	close(fd);
	close(other);
	CU_ASSERT(!mshare_unlink("s"));
}

/* Signals are the program's own, and SIGBUS is shared with the engine. */
static volatile sig_atomic_t came;

static void on_bus(int sig)
{
	came += sig == SIGBUS;
}

static void handlers(void)
{
	int fd = region();
	char *at = mshare_attach(fd, 0, 0, NULL, 0);
	struct sigaction act = {.sa_handler = on_bus}, old, kept;

	CU_ASSERT_FATAL(at != MAP_FAILED);
	CU_ASSERT(!sigaction(SIGBUS, &act, &old) && old.sa_handler == SIG_DFL);
	CU_ASSERT(!sigaction(SIGBUS, NULL, &kept) && kept.sa_handler == on_bus);
	raise(SIGBUS);
	CU_ASSERT(came == 1);
	CU_ASSERT(try_read(at + page).signal == SIGSEGV && came == 1);
	CU_ASSERT(!sigaction(SIGBUS, &old, &kept) && kept.sa_handler == on_bus);
	CU_ASSERT(signal(SIGBUS, SIG_DFL) == SIG_DFL);
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
}

/* What the dynamic linker found for "mmap@GLIBC_2.2.5" */
static void binds_to_the_library(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	const char *want = preloaded && *preloaded ? "libmshare-preload.so"
						   : "libmshare.so.0";
	static const char *const names[] = {"munmap",	 "mprotect",
					    "sigaction", "mremap",
					    "signal",	 "mshare_engine"};
	Dl_info info;

	for (size_t i = 0; i < N_TESTS(names); i++) {
		void *symbol = dlsym(RTLD_DEFAULT, names[i]);

		CU_ASSERT(symbol && dladdr(symbol, &info) &&
			  strstr(info.dli_fname, want));
	}
	CU_ASSERT(dladdr((void *)(uintptr_t)mmap, &info) &&
		  strstr(info.dli_fname, want));
	/* The calls are the library's, in both cases, and have a version. */
	CU_ASSERT(dladdr(dlvsym(RTLD_DEFAULT, "mshare", "MSHARE_0"), &info) &&
		  strstr(info.dli_fname, "libmshare.so.0"));
}

static const struct test tests[] = {
	{"plain calls", plain_calls},
	{"both ways", both_ways},
	{"unlink finds all", unlink_finds_all},
	{"handlers", handlers},
	{"binds to the library", binds_to_the_library}, /* the last */
};

static void begin(void)
{
	use_mount();
	page = mount_page();
}

int main(void)
{
	before_tests = begin;
	/* AddressSanitizer stands before them all. */
	return run_mount_tests("lib_rules", NULL, tests,
			       N_TESTS(tests) - SANITIZED);
}
