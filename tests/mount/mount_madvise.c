/* SPDX-License-Identifier: MIT */
/*
 * Tests madvise() and its relatives on a window: hints change nothing, what
 * would take memory from others is refused, and what a process does by raw
 * system calls is mended.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 32

static void begin_with_memory(void)
{
	begin();
	CU_ASSERT(!region_add(fd, 0, PAGES * page));
	memset(at, 'm', PAGES * page);
}

static bool is_whole(void)
{
	for (uint64_t i = 0; i < PAGES; i++)
		if (at[i * page] != 'm')
			return false;
	return true;
}

static void refused(void)
{
	begin_with_memory();
	CU_ASSERT(fails(madvise(at, page, MADV_REMOVE), EINVAL));
	CU_ASSERT(fails(madvise(at, align, MADV_REMOVE), EINVAL));
	CU_ASSERT(posix_madvise(at, page, MADV_REMOVE) == EINVAL);
	CU_ASSERT(fails(madvise(at, page, MADV_DONTFORK), EINVAL));
	CU_ASSERT(fails(madvise(at + 1, page, MADV_DONTDUMP), EINVAL));
	CU_ASSERT(fails(pkey_mprotect(at, page, PROT_READ, -1), EINVAL));
	CU_ASSERT(fails(remap_file_pages(at, page, 0, 1, 0), EINVAL));
	CU_ASSERT(is_whole());
	CU_ASSERT(try_read(at + align / 2).signal == SIGSEGV);
	end();
}

static void refused_by_iovec(void)
{
	const int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct iovec ranges[2];
	char *own;

	begin_with_memory();
	own = mmap(NULL, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ranges[0] = (struct iovec){own, 4096};
	ranges[1] = (struct iovec){at, page};
	CU_ASSERT(fails(process_madvise(self, ranges, 2, MADV_REMOVE, 0),
			EINVAL));
	CU_ASSERT(is_whole());
	CU_ASSERT(fails(process_madvise(self, (void *)8L, 1, MADV_REMOVE, 0),
			EFAULT));
	CU_ASSERT(!munmap(own, 4096) && !close(self));
	end();
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

UNINSTRUMENTED static long faults_of_touching(const volatile char *w)
{
	long before = minor_faults();

	for (uint64_t i = 0; i < PAGES; i++)
		(void)w[i * page];
	return minor_faults() - before;
}

/* They would change the flags of the mapping, and so end the sharing. */
static void hints(void)
{
	static const int advice[] = {
		MADV_NORMAL,   MADV_RANDOM,	 MADV_SEQUENTIAL,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE,	 MADV_MERGEABLE,
		MADV_DONTDUMP, MADV_UNMERGEABLE, MADV_DODUMP,
	};
	char *other;

	begin_with_memory();
	other = region_window(fd, align);
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		errno = 0;
		CU_ASSERT(!madvise(other, align, advice[i]) && !errno);
		CU_ASSERT(!madvise(other + page, page, advice[i]));
	}
	CU_ASSERT(!posix_madvise(other, align, POSIX_MADV_RANDOM));
	if (mount_shares())
		CU_ASSERT(faults_of_touching(other) <= 3);
	CU_ASSERT(!munmap(other, align));
	end();
}

/* These are the kernel's: they take nothing from anybody. */
static void passed_on(void)
{
	begin_with_memory();
	CU_ASSERT(!madvise(at, page, MADV_WILLNEED));
	CU_ASSERT(!madvise(at, PAGES * page, MADV_POPULATE_READ));
	CU_ASSERT(fails(madvise(at + align / 2, page, MADV_POPULATE_READ),
			EFAULT));
	CU_ASSERT(is_whole());
	end();
}

/* Other memory does not notice. */
static void beside_windows(void)
{
	char *own;

	begin();
	own = mmap(NULL, 4 * 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(own != MAP_FAILED);
	own[0] = 'o';
	CU_ASSERT(!madvise(own, 4096, MADV_REMOVE) && own[0] == 0);
	CU_ASSERT(!madvise(own, 4096, MADV_DONTFORK));
	CU_ASSERT(fails(madvise(own, 4096, 12345), EINVAL));
	CU_ASSERT(posix_madvise(own, 4096, 12345) == EINVAL);
	CU_ASSERT(!pkey_mprotect(own, 4096, PROT_READ, -1));
	CU_ASSERT(!munmap(own, 4 * 4096));
	end();
}

/* Everybody finds zeros there, and memory that works. */
static void mended(void)
{
	char *other;

	begin_with_memory();
	other = region_window(fd, align);
	CU_ASSERT(other && other[2 * page] == 'm');
	CU_ASSERT(!syscall(SYS_madvise, at + page, 2 * page, MADV_REMOVE));
	CU_ASSERT(!try_read(other + page + 5).signal && !other[page + 5]);
	CU_ASSERT(!try_write(at + 2 * page, 'n').signal);
	CU_ASSERT(other[2 * page] == 'n' && other[3 * page] == 'm');
	CU_ASSERT(try_read(at + align / 2).signal == SIGSEGV);
	CU_ASSERT(!munmap(other, align));
	end();
}

static const struct test tests[] = {
	{"refused", refused},
	{"refused by iovec", refused_by_iovec},
	{"hints do nothing", hints},
	{"passed on", passed_on},
	{"beside windows", beside_windows},
	{"a raw MADV_REMOVE is mended", mended},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_madvise", NULL, tests, N_TESTS(tests));
}
