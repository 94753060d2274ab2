/* SPDX-License-Identifier: MIT */
/*
 * mprotect() and madvise() inside a region, while others read and write there
 * all the time: nothing is lost, and nothing seen that was not there.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static int change(unsigned long request, uint64_t size, int what)
{
	const struct mshare_change c = {.size = size, .what = (uint32_t)what};

	return ioctl(fd, request, &c);
}

static int protect(uint64_t size, int prot)
{
	return change(MSHARE_IOC_PROTECT, size, prot);
}

/* Shared with children. */
static struct {
	atomic_int value; /* what readers may see: this, or one less */
	atomic_bool stop;
	atomic_int done;     /* pages that were written */
	atomic_int ask;	     /* rounds in which the child is to try to write */
	atomic_int answered; /* in which it has */
	atomic_int wrote;    /* in which it could */
	atomic_long good, bad; /* bytes that were read */
} * common;

static void share(void)
{
	common = mmap(NULL, sizeof(*common), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CU_ASSERT_FATAL(common != MAP_FAILED);
}

static void finish(pid_t child)
{
	int status = -1;

	atomic_store(&common->stop, true);
	CU_ASSERT(waitpid(child, &status, 0) == child && status == 0);
}

/* Without a fault: the kernel reads it, into a pipe of ours. */
static bool copy_byte(const int pipe_fds[2], const char *from, char *value)
{
	return write(pipe_fds[1], from, 1) == 1 &&
	       read(pipe_fds[0], value, 1) == 1;
}

/*
 * Whole or not at all: a reader that looks all the time, while the page comes
 * and goes, sees what was written last, or a fault.
 */
#define ROUNDS 200
#define READERS 3

/* In two windows: what was there before, and the reader's own */
static void look_all_the_time(int number)
{
	char *own = number % 2 ? at : region_window(fd, align);
	long seen = 0, faults = 0;
	int pipe_fds[2];

	CHILD_ASSERT(own && !pipe(pipe_fds));
	while (!atomic_load(&common->stop)) {
		int most, least = atomic_load(&common->value) - 1;
		const char *byte = own + (size_t)rand() % page;
		char value = 0;

		if (!copy_byte(pipe_fds, byte, &value)) {
			CHILD_ASSERT(errno == EFAULT);
			faults++;
			continue;
		}
		most = atomic_load(&common->value);
		CHILD_ASSERT(value >= least && value <= most);
		seen++;
	}
	CHILD_ASSERT(seen > 0 && faults > 0);
}

static void whole_or_not_at_all(void)
{
	pid_t children[READERS];
	int status;

	begin();
	common = mmap(NULL, sizeof(*common), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CU_ASSERT(!region_add(fd, 0, page));
	memset(at, 1, page);
	atomic_store(&common->value, 1);
	for (int i = 0; i < READERS; i++) {
		children[i] = fork();
		if (!children[i]) {
			look_all_the_time(i);
			_exit(0);
		}
	}
	for (int i = 2; i < ROUNDS && i < 127; i++) {
		CU_ASSERT(!protect(page, PROT_NONE));
		CU_ASSERT(try_read(at).code == SEGV_ACCERR);
		CU_ASSERT(!protect(page, RW));
		atomic_store(&common->value, i);
		memset(at, i, page);
		usleep(500);
	}
	atomic_store(&common->stop, true);
	for (int i = 0; i < READERS; i++) {
		CU_ASSERT(waitpid(children[i], &status, 0) == children[i]);
		CU_ASSERT(status == 0);
	}
	munmap(common, sizeof(*common));
	end();
}

/* Touches page after page, from the kernel's side, until it is refused. */
static void touch_all(int pages)
{
	int bytes[2];

	CHILD_ASSERT(!pipe(bytes));
	for (int i = 0; i < pages; i++) {
		CHILD_ASSERT(write(bytes[1], "a", 1) == 1);
		if (read(bytes[0], at + (size_t)i * page, 1) != 1)
			break;
		atomic_store(&common->done, i + 1);
	}
}

/* A write to a lazy page that was over before protect() is not lost. */
static void lazy_pages_are_touched(void)
{
	const int pages = page > 4096 ? 48 : 4096;
	int lost = 0, in_the_middle = 0;
	pid_t child;

	share();
	for (int round = 0; round < 30; round++) {
		begin();
		CU_ASSERT(!region_add_like(fd, 0, (uint64_t)pages * page, RW,
					   MAP_NORESERVE));
		atomic_store(&common->done, 0);
		child = fork();
		if (!child) {
			touch_all(pages);
			_exit(0);
		}
		while (atomic_load(&common->done) < 3 + round)
			;
		CU_ASSERT(!protect((uint64_t)pages * page, PROT_NONE));
		finish(child);
		CU_ASSERT(!protect((uint64_t)pages * page, RW));
		for (int i = 0; i < atomic_load(&common->done); i++)
			lost += at[(size_t)i * page] != 'a';
		in_the_middle += atomic_load(&common->done) < pages;
		end();
	}
	CU_ASSERT(lost == 0 && in_the_middle > 0);
	munmap(common, sizeof(*common));
}

static void read_all_the_time(void)
{
	int bytes[2];
	char value;

	CHILD_ASSERT(!pipe(bytes));
	while (!atomic_load(&common->stop)) {
		if (!copy_byte(bytes, at + (size_t)rand() % page, &value))
			continue;
		if (value == 'a')
			atomic_fetch_add(&common->good, 1);
		else
			atomic_fetch_add(&common->bad, 1);
	}
}

/* A lazy page is there again only with what it held. */
static void lazy_page_comes_back(void)
{
	pid_t child;

	share();
	begin();
	CU_ASSERT(!region_add_like(fd, 0, page, RW, MAP_NORESERVE));
	memset(at, 'a', page);
	child = fork();
	if (!child) {
		read_all_the_time();
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		CU_ASSERT(!protect(page, PROT_NONE));
		usleep(100);
		CU_ASSERT(!protect(page, i % 2 ? RW : PROT_READ));
		usleep(100);
	}
	finish(child);
	CU_ASSERT(common->good > 0 && common->bad == 0);
	munmap(common, sizeof(*common));
	end();
}

#define PAGES 4

/* Reads all the time, and tries to write when it is asked to. */
static void read_and_try(void)
{
	int bytes[2], zero = open("/dev/zero", O_RDONLY);
	unsigned int n = 0;
	char value;

	CHILD_ASSERT(!pipe(bytes) && zero >= 0);
	while (!atomic_load(&common->stop)) {
		bool wrote = false;

		copy_byte(bytes, at + n++ % PAGES * page, &value);
		if (atomic_load(&common->ask) == atomic_load(&common->answered))
			continue;
		for (size_t i = 0; i < PAGES; i++)
			wrote = wrote || read(zero, at + i * page + 5, 1) == 1;
		if (wrote)
			atomic_fetch_add(&common->wrote, 1);
		atomic_fetch_add(&common->answered, 1);
	}
}

/* A change that takes memory away and leaves it protected. */
typedef bool (*forgetter)(void);

static bool took_away_and_back(void)
{
	return !protect(PAGES * page, PROT_NONE) &&
	       !protect(PAGES * page, PROT_READ);
}

static bool advised(void)
{
	return !change(MSHARE_IOC_ADVISE, PAGES * page, MADV_DONTNEED);
}

static bool replaced(void)
{
	return !region_add_like(fd, 0, PAGES * page, PROT_READ, MAP_NORESERVE);
}

/* What is protected stays so, whoever reads it while its memory goes. */
static void protection_stays(int flags, forgetter forget)
{
	pid_t child;

	share();
	begin();
	CU_ASSERT(!region_add_like(fd, 0, PAGES * page, RW, flags));
	memset(at, 'a', PAGES * page);
	CU_ASSERT(!protect(PAGES * page, PROT_READ));
	child = fork();
	if (!child) {
		read_and_try();
		_exit(0);
	}
	for (int i = 1; i <= 300; i++) {
		CU_ASSERT(forget());
		atomic_store(&common->ask, i);
		while (atomic_load(&common->answered) < i)
			;
	}
	finish(child);
	CU_ASSERT(common->wrote == 0);
	munmap(common, sizeof(*common));
	end();
}

static void eager_protection_stays(void)
{
	protection_stays(0, took_away_and_back);
}

static void lazy_protection_stays(void)
{
	protection_stays(MAP_NORESERVE, took_away_and_back);
}

static void forgotten_protection_stays(void)
{
	protection_stays(MAP_NORESERVE, advised);
}

static void replaced_protection_stays(void)
{
	protection_stays(MAP_NORESERVE, replaced);
}

static const struct test tests[] = {
	{"whole or not at all", whole_or_not_at_all},
	{"lazy pages are touched", lazy_pages_are_touched},
	{"a lazy page comes back", lazy_page_comes_back},
	{"protection stays: eager", eager_protection_stays},
	{"protection stays: lazy", lazy_protection_stays},
	{"protection stays: forgotten", forgotten_protection_stays},
	{"protection stays: replaced", replaced_protection_stays},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_races", NULL, tests, N_TESTS(tests));
}
