/* SPDX-License-Identifier: MIT */
/*
 * SPEC section 5: prot of CREATE_MAPPING holds for every process, whatever
 * protection its window was mapped with.
 */
#include "calls.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t align, page;
static int fd;
static char *at;

static void begin(void)
{
	fd = region_create("f", align);
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
}

static void end(void)
{
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* A whole page of the backing: what is smaller shares its neighbour's fate. */
static int add(uint64_t offset, int prot)
{
	struct mshare_create create = {
		.region_offset = offset,
		.size = page,
		.prot = (__u32)prot,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = (__u32)-1,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &create);
}

static bool reads(const char *byte)
{
	return !try_read(byte).signal;
}

static bool refuses_write(char *byte)
{
	return try_write(byte, 'x').signal == SIGSEGV;
}

static void read_only_mapping(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !add(page, PROT_READ));
	CU_ASSERT(!add(2 * page, PROT_READ | PROT_WRITE));
	CU_ASSERT(reads(at + page) && refuses_write(at + page));
	CU_ASSERT(refuses_write(at + 2 * page - 1) && at[page] == 0);
	CU_ASSERT(!refuses_write(at + page - 1));
	CU_ASSERT(!refuses_write(at + 2 * page));
	end();
}

static void inaccessible_mapping(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_NONE));
	CU_ASSERT(!reads(at) && refuses_write(at));
	CU_ASSERT(region_mapped(fd) == page);
	end();
}

/* A new mapping brings its own. */
static void replaced_mapping(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !refuses_write(at));
	CU_ASSERT(!add(0, PROT_READ) && refuses_write(at) && at[0] == 0);
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !refuses_write(at));
	end();
}

/* For a window that is made later, and for one that is inherited */
static void later_windows(void)
{
	char *other;

	begin();
	CU_ASSERT(!add(0, PROT_READ));
	other = region_window(fd, align);
	CU_ASSERT_FATAL(other != NULL);
	CU_ASSERT(reads(other) && refuses_write(other) && refuses_write(at));
	CU_ASSERT(!munmap(other, align));
	end();
}

static void in_other_process(void *arg)
{
	char *own = region_window(fd, align);

	(void)arg;
	CHILD_ASSERT(reads(at) && refuses_write(at));
	CHILD_ASSERT(own && reads(own) && refuses_write(own));
	CHILD_ASSERT(!add(0, PROT_READ | PROT_WRITE));
	CHILD_ASSERT(!refuses_write(at) && !refuses_write(own));
	CHILD_ASSERT(!add(0, PROT_READ));
}

static void other_processes(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_READ));
	CU_ASSERT(!in_child(in_other_process, NULL));
	CU_ASSERT(reads(at) && refuses_write(at));
	end();
}

static void system_calls(void)
{
	int zero = open("/dev/zero", O_RDONLY);

	begin();
	CU_ASSERT(!add(0, PROT_READ));
	CU_ASSERT(fails(read(zero, at, 16), EFAULT));
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE));
	CU_ASSERT(read(zero, at, 16) == 16);
	close(zero);
	end();
}

static const struct test tests[] = {
	{"PROT_READ", read_only_mapping},
	{"PROT_NONE", inaccessible_mapping},
	{"a mapping replaced", replaced_mapping},
	{"later windows", later_windows},
	{"other processes", other_processes},
	{"system calls", system_calls},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_protection", NULL, tests, N_TESTS(tests));
}
