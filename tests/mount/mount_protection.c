/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 5: prot of CREATE_MAPPING holds for every process,
 * whatever protection its window was mapped with.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Maps a whole page of the backing: parts of one would be protected together.
 */
static int add(uint64_t offset, int prot)
{
	return region_add_like(fd, offset, page, prot, 0);
}

static bool reads(const char *byte)
{
	return !try_read(byte).signal;
}

static bool refuses_write(char *byte)
{
	struct fault f = try_write(byte, 'x');

	return f.signal == SIGSEGV && f.code == SEGV_ACCERR && f.addr == byte;
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
	CU_ASSERT(try_read(at + 3).code == SEGV_ACCERR && refuses_write(at));
	CU_ASSERT(try_read(at + 3).addr == at + 3);
	CU_ASSERT(region_mapped(fd) == page);
	CU_ASSERT(try_read(at + page).code == SEGV_MAPERR);
	end();
}

/* A new mapping has its own protection. */
static void replaced_mapping(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !refuses_write(at));
	CU_ASSERT(!add(0, PROT_READ) && refuses_write(at) && at[0] == 0);
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !refuses_write(at));
	end();
}

/* For a window made later, and for an inherited one */
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

/* An access that begins in one page and ends in the next */
static void straddling(void)
{
	struct fault f;

	begin();
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !add(page, PROT_READ));
	f = try_write_8(at + page - 4);
	CU_ASSERT(f.signal == SIGSEGV && f.code == SEGV_ACCERR);
	CU_ASSERT(f.addr == at + page);
	f = try_write_8(at + 2 * page - 4);
	CU_ASSERT(f.signal == SIGSEGV && f.code == SEGV_ACCERR);
	CU_ASSERT(f.addr == at + 2 * page - 4);
	CU_ASSERT(!add(page, PROT_READ | PROT_WRITE));
	f = try_write_8(at + 2 * page - 4);
	CU_ASSERT(f.signal == SIGSEGV && f.code == SEGV_MAPERR);
	CU_ASSERT(f.addr == at + 2 * page);
	end();
}

/* A read-only window needs no protection, and keeps sharing its tables. */
static void windows_that_only_read(void)
{
	char *own;

	begin();
	own = mmap(NULL, align, PROT_READ, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(own != MAP_FAILED);
	CU_ASSERT(!add(0, PROT_READ));
	CU_ASSERT(reads(own));
	CU_ASSERT(try_write(own, 'x').code == SEGV_ACCERR);
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE));
	CU_ASSERT(try_write(own, 'x').code == SEGV_ACCERR);
	CU_ASSERT(!munmap(own, align));
	end();
}

/* Unmapping removes a protection. */
static void unmapped(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_READ) && refuses_write(at));
	CU_ASSERT(!region_unmap_range(fd, 0, page));
	CU_ASSERT(try_write(at, 'x').code == SEGV_MAPERR);
	CU_ASSERT(!region_add(fd, 0, page));
	CU_ASSERT(try_write(at, 'x').signal == 0);
	end();
}

/* A mapping that fails changes nothing, in any window. */
static void failed_change(void)
{
	if (!other_mount_start("max_size=64M")) {
		CU_FAIL("no mount with little memory");
		return;
	}
	begin();
	CU_ASSERT(!add(0, PROT_READ | PROT_WRITE) && !add(page, PROT_READ));
	at[0] = 'a';
	CU_ASSERT(fails(region_add_like(fd, 0, align, PROT_READ, 0), ENOMEM));
	CU_ASSERT(at[0] == 'a' && !refuses_write(at));
	CU_ASSERT(refuses_write(at + page));
	CU_ASSERT(try_write(at + 2 * page, 'x').code == SEGV_MAPERR);
	end();
	other_mount_end();
}

static void inherits(void *arg)
{
	(void)arg;
	CHILD_ASSERT(refuses_write(at) && reads(at));
	CHILD_ASSERT(!try_write(at + page, 'x').signal);
	CHILD_ASSERT(try_read(at + 2 * page).code == SEGV_MAPERR);
}

/* The region lives on in its windows, those of children included. */
static void without_a_name(void)
{
	begin();
	CU_ASSERT(!add(0, PROT_READ) && !add(page, PROT_READ | PROT_WRITE));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
	CU_ASSERT(!in_child(inherits, NULL));
	inherits(NULL);
	CU_ASSERT(!munmap(at, align));
}

#define WINDOWS 20
#define ROUNDS 50

/* Shared with children. Their windows hold only what the region holds. */
static struct {
	atomic_int round;      /* the change whose effect they may expect */
	atomic_int done;       /* children that have checked */
	atomic_bool read_only; /* since the last change was complete */
} * common;

/* A change holds in every process as soon as it is complete. */
static void obey(int number)
{
	char *own = number % 2 ? at : region_window(fd, align);
	char *byte = own + page + (size_t)number;

	CHILD_ASSERT(own);
	for (int round = 1; round <= ROUNDS; round++) {
		while (atomic_load(&common->round) < round)
			/* also write while the change is made */
			try_write(byte, 'w');
		if (atomic_load(&common->read_only))
			CHILD_ASSERT(refuses_write(byte) && reads(byte));
		else
			CHILD_ASSERT(!try_write(byte, 'x').signal);
		CHILD_ASSERT(try_write(own + 2 * page, 1).signal);
		atomic_fetch_add(&common->done, 1);
	}
}

static void every_process_at_once(void)
{
	pid_t children[WINDOWS];
	int status, good = 0;

	begin();
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT(!add(page, PROT_READ | PROT_WRITE));
	for (int i = 0; i < WINDOWS; i++) {
		children[i] = fork();
		if (!children[i]) {
			obey(i);
			_exit(0);
		}
	}
	for (int round = 1; round <= ROUNDS; round++) {
		bool read_only = round % 2;

		good += !add(page,
			     read_only ? PROT_READ : PROT_READ | PROT_WRITE);
		atomic_store(&common->read_only, read_only);
		atomic_store(&common->round, round);
		for (int ms = 0;
		     ms < 10000 && atomic_load(&common->done) < round * WINDOWS;
		     ms++)
			usleep(1000);
		if (atomic_load(&common->done) < round * WINDOWS)
			break;
	}
	CU_ASSERT(good == ROUNDS);
	CU_ASSERT(atomic_load(&common->done) == ROUNDS * WINDOWS);
	for (int i = 0; i < WINDOWS; i++) {
		if (atomic_load(&common->done) < ROUNDS * WINDOWS)
			kill(children[i], SIGKILL);
		CU_ASSERT(waitpid(children[i], &status, 0) == children[i]);
		CU_ASSERT(status == 0);
	}
	munmap(common, sizeof(*common));
	end();
}

static const struct test tests[] = {
	{"PROT_READ", read_only_mapping},
	{"PROT_NONE", inaccessible_mapping},
	{"a mapping replaced", replaced_mapping},
	{"later windows", later_windows},
	{"other processes", other_processes},
	{"system calls", system_calls},
	{"accesses across two pages", straddling},
	{"windows that only read", windows_that_only_read},
	{"unmapped", unmapped},
	{"without a name", without_a_name},
	{"every process at once", every_process_at_once},
	{"a change that fails", failed_change},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_protection", NULL, tests, N_TESTS(tests));
}
