/* SPDX-License-Identifier: MIT */
/*
 * Tests mprotect() and madvise() inside a region (MSHARE_IOC_PROTECT and
 * _ADVISE): every process obeys by the time the call returns.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static int change_of(int of, unsigned long request, uint64_t offset,
		     uint64_t size, int what)
{
	const struct mshare_change change = {
		.offset = offset, .size = size, .what = (uint32_t)what};

	return ioctl(of, request, &change);
}

static int protect(uint64_t offset, uint64_t size, int prot)
{
	return change_of(fd, MSHARE_IOC_PROTECT, offset, size, prot);
}

static int advise(uint64_t offset, uint64_t size, int advice)
{
	return change_of(fd, MSHARE_IOC_ADVISE, offset, size, advice);
}

static bool refuses_write(char *byte)
{
	struct fault f = try_write(byte, 'x');

	return f.signal == SIGSEGV && f.code == SEGV_ACCERR && f.addr == byte;
}

static bool refuses_read(char *byte)
{
	struct fault f = try_read(byte);

	return f.signal == SIGSEGV && f.code == SEGV_ACCERR && f.addr == byte;
}

/* Returns whether access to byte obeys prot, and it holds the value. */
static bool obeys(char *byte, int prot, char value)
{
	if (!prot)
		return refuses_read(byte) && refuses_write(byte);
	if (try_read(byte).signal || *byte != value)
		return false;
	return prot & PROT_WRITE ? !try_write(byte, value).signal
				 : refuses_write(byte);
}

/* From each protection to every other, in old windows and in new ones */
static void all_transitions(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW};
	char *other;

	begin();
	CU_ASSERT(!region_add(fd, 0, 3 * page));
	memset(at, 'a', 3 * page);
	for (int i = 0; i < 9; i++) {
		CU_ASSERT(!protect(page, page, prots[i / 3]));
		CU_ASSERT(obeys(at + page, prots[i / 3], 'a'));
		CU_ASSERT(!protect(page, page, prots[i % 3]));
		CU_ASSERT(obeys(at + page, prots[i % 3], 'a'));
		CU_ASSERT(obeys(at + 2 * page - 1, prots[i % 3], 'a'));
		CU_ASSERT(obeys(at + page - 1, RW, 'a'));
		CU_ASSERT(obeys(at + 2 * page, RW, 'a'));
		other = region_window(fd, align);
		CU_ASSERT_FATAL(other != NULL);
		CU_ASSERT(obeys(other + page, prots[i % 3], 'a'));
		CU_ASSERT(obeys(other + 2 * page, RW, 'a'));
		CU_ASSERT(!munmap(other, align));
	}
	end();
}

/* The same with lazy memory, untouched and touched */
static void lazy_transitions(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW};

	begin();
	for (int i = 0; i < 18; i++) {
		char value = i < 9 ? 0 : 'b';

		CU_ASSERT(!region_add_like(fd, 0, 2 * page, RW, MAP_NORESERVE));
		if (value)
			memset(at, value, page);
		CU_ASSERT(!protect(0, page, prots[i / 3 % 3]));
		CU_ASSERT(!protect(0, page, prots[i % 3]));
		CU_ASSERT(obeys(at, prots[i % 3], value));
		CU_ASSERT(obeys(at + page, RW, 0));
	}
	end();
}

static void in_child_too(void *arg)
{
	char *own = region_window(fd, align);

	CHILD_ASSERT(own && refuses_write(own) && refuses_write(at));
	CHILD_ASSERT(obeys(own + page, PROT_NONE, 0));
	CHILD_ASSERT(!protect(0, page, RW) && !protect(page, page, RW));
	CHILD_ASSERT(obeys(at, RW, 'a') && obeys(own + page, RW, 'b'));
	*(char *)arg = 'c';
}

static void from_another_process(void)
{
	begin();
	CU_ASSERT(!region_add(fd, 0, 2 * page));
	memset(at, 'a', page);
	memset(at + page, 'b', page);
	CU_ASSERT(!protect(0, page, PROT_READ) && !protect(page, page, 0));
	CU_ASSERT(!in_child(in_child_too, at + page + 5));
	CU_ASSERT(obeys(at, RW, 'a') && at[page + 5] == 'c');
	end();
}

/* PROT_NONE memory stays allocated, is counted, and keeps its content. */
static void memory(void)
{
	long kib = memory_held(), each = (long)(64 * page / 1024);

	begin();
	CU_ASSERT(!region_add(fd, 0, 64 * page));
	memset(at, 'a', 64 * page);
	if (page > 4096) /* other memory is in use by others, too */
		CU_ASSERT(memory_held() == kib + each);
	CU_ASSERT(!protect(0, 64 * page, PROT_NONE));
	if (page > 4096)
		CU_ASSERT(memory_held() == kib + each);
	CU_ASSERT(!protect(0, 64 * page, PROT_READ));
	CU_ASSERT(at[0] == 'a' && !memcmp(at, at + 1, 64 * page - 1));
	if (page > 4096)
		CU_ASSERT(memory_held() == kib + each);
	CU_ASSERT(!protect(0, 64 * page, PROT_NONE));
	end(); /* frees PROT_NONE memory too, which the harness checks */
}

static void shown(void)
{
	struct mshare_status_maps m = {.version = MSHARE_STATUS_VERSION};

	begin();
	CU_ASSERT(!region_add(fd, 0, 4 * page));
	CU_ASSERT(!protect(page, page, PROT_NONE));
	CU_ASSERT(!protect(2 * page, page, PROT_READ));
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_MAPS, &m) && m.n == 4);
	CU_ASSERT(m.mapping[1].flags == MSHARE_MAPPING_KEPT);
	CU_ASSERT(m.mapping[1].prot == 0 && m.mapping[1].present == page);
	CU_ASSERT(m.mapping[2].prot == PROT_READ);
	CU_ASSERT(region_mapped(fd) == 4 * page);
	CU_ASSERT(!protect(0, 4 * page, RW));
	m.from = 0;
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_MAPS, &m) && m.n == 1);
	end();
}

static void system_calls(void)
{
	int zero = open("/dev/zero", O_RDONLY);
	int sink[2];

	begin();
	CU_ASSERT(!pipe(sink) && !region_add(fd, 0, page));
	CU_ASSERT(!protect(0, page, PROT_READ));
	CU_ASSERT(fails(read(zero, at, 16), EFAULT));
	CU_ASSERT(write(sink[1], at, 16) == 16);
	CU_ASSERT(!protect(0, page, PROT_NONE));
	CU_ASSERT(fails(write(sink[1], at, 16), EFAULT));
	CU_ASSERT(!protect(0, page, RW) && read(zero, at, 16) == 16);
	close(zero);
	close(sink[0]);
	close(sink[1]);
	end();
}

static void wrong(void)
{
	const struct mshare_change change = {0, page, RW, 1};
	int ro, unsized;

	begin();
	CU_ASSERT(!region_add(fd, 0, page));
	CU_ASSERT(fails(protect(0, 0, RW), EINVAL));
	CU_ASSERT(fails(protect(1, page, RW), EINVAL));
	CU_ASSERT(fails(protect(align, page, RW), EINVAL));
	CU_ASSERT(fails(protect(UINT64_MAX - 4095, page, RW), EINVAL));
	CU_ASSERT(fails(protect(0, UINT64_MAX, RW), EINVAL));
	CU_ASSERT(fails(protect(0, page, 0x100), EINVAL));
	CU_ASSERT(fails(protect(0, 2 * page, PROT_READ), ENOMEM));
	CU_ASSERT(!refuses_write(at));
	CU_ASSERT(fails(ioctl(fd, MSHARE_IOC_PROTECT, &change), EINVAL));
	CU_ASSERT(fails(ioctl(fd, MSHARE_IOC_PROTECT, 8), EFAULT));
	CU_ASSERT(fails(advise(0, page, MADV_WILLNEED), EINVAL));
	CU_ASSERT(fails(advise(0, page, MADV_REMOVE), EINVAL));
	CU_ASSERT(fails(advise(0, 2 * page, MADV_DONTNEED), ENOMEM));
	CU_ASSERT(fails(advise(5, page, MADV_DONTNEED), EINVAL));
	ro = open(in_mount("f"), O_RDONLY);
	CU_ASSERT(fails(change_of(ro, MSHARE_IOC_PROTECT, 0, page, 0), EACCES));
	CU_ASSERT(
		fails(change_of(ro, MSHARE_IOC_ADVISE, 0, page, MADV_DONTNEED),
		      EACCES));
	close(ro);
	unsized = region_create("u", 0);
	CU_ASSERT(fails(change_of(unsized, MSHARE_IOC_PROTECT, 0, page, 0),
			EINVAL));
	close(unsized);
	CU_ASSERT(!unlink(in_mount("u")));
	/* The size is rounded up to a base page, not to a huge page. */
	CU_ASSERT(!protect(0, 1, PROT_READ) && !protect(0, 4096, RW));
	end();
}

static void no_memory(void)
{
	if (!other_mount_start("max_size=64M")) {
		CU_FAIL("no mount with little memory");
		return;
	}
	begin();
	CU_ASSERT(!region_add(fd, 0, 48 << 20));
	memset(at, 'a', 48 << 20);
	CU_ASSERT(fails(protect(0, 48 << 20, PROT_NONE), ENOMEM));
	CU_ASSERT(obeys(at, RW, 'a') && obeys(at + (48 << 20) - 1, RW, 'a'));
	CU_ASSERT(!protect(0, 16 << 20, PROT_NONE));
	CU_ASSERT(obeys(at, PROT_NONE, 'a'));
	CU_ASSERT(!protect(0, 16 << 20, PROT_READ));
	CU_ASSERT(obeys(at, PROT_READ, 'a'));
	end();
	other_mount_end();
}

static void advice(void)
{
	long kib;

	begin();
	CU_ASSERT(!region_add(fd, 0, 2 * page));
	CU_ASSERT(!region_add_like(fd, 2 * page, 2 * page, RW, MAP_NORESERVE));
	memset(at, 'a', 4 * page);
	kib = memory_held();
	CU_ASSERT(!advise(0, 4 * page, MADV_DONTNEED));
	CU_ASSERT(at[0] == 0 && !memcmp(at, at + 1, 2 * page - 1));
	if (page > 4096)
		CU_ASSERT(memory_held() == kib - 2 * (long)page / 1024);
	CU_ASSERT(at[2 * page] == 0 && at[4 * page - 1] == 0);
	CU_ASSERT(!advise(2 * page, 2 * page, MADV_DONTNEED));
	CU_ASSERT(!advise(0, 4 * page, MADV_POPULATE_WRITE));
	if (page > 4096)
		CU_ASSERT(memory_held() == kib);
	/* A protected page, too, and it stays protected. */
	memset(at, 'b', 4 * page);
	CU_ASSERT(!protect(0, 4 * page, PROT_READ));
	CU_ASSERT(!advise(0, 4 * page, MADV_DONTNEED));
	CU_ASSERT(obeys(at, PROT_READ, 0) &&
		  obeys(at + 3 * page, PROT_READ, 0));
	CU_ASSERT(fails(advise(0, page, MADV_POPULATE_WRITE), EINVAL));
	end();
}

static const struct test tests[] = {
	{"all transitions", all_transitions},
	{"lazy transitions", lazy_transitions},
	{"from another process", from_another_process},
	{"memory", memory},
	{"shown", shown},
	{"system calls", system_calls},
	{"wrong arguments", wrong},
	{"advice", advice},
	{"no memory", no_memory},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_protect", NULL, tests, N_TESTS(tests));
}
