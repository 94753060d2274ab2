/* SPDX-License-Identifier: MIT */
/*
 * Errands: other processes do steps on windows, and each window has a result.
 * Windows whose process keeps them waiting are in mount_hostile_slow.
 */
#include "base/errand.h"
#include "base/client_limits.h"
#include "base/closer.h"
#include "common/fdpass.h"
#include "common/uffd.h"
#include "harness/harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define USER 54321
#define WINDOWS 5
#define PAGES (2 * ERRAND_STEPS + 10) /* as many steps: three errands */

static size_t page;
static struct errand_target windows[WINDOWS];
static struct uffd_op steps[PAGES];

static struct uffd_op on_page(size_t i, enum uffd_action action)
{
	return (struct uffd_op){i * page, (i + 1) * page, action};
}

static void make_windows(void)
{
	const size_t size = PAGES * page;

	for (int i = 0; i < WINDOWS; i++) {
		char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		CU_ASSERT_FATAL(at != MAP_FAILED);
		windows[i] = (struct errand_target){
			.uffd = uffd_open(),
			.uid = USER,
			.base = (uintptr_t)at,
			.result = -1,
		};
		CU_ASSERT_FATAL(windows[i].uffd >= 0);
	}
}

static void end_windows(void)
{
	for (int i = 0; i < WINDOWS; i++) {
		close(windows[i].uffd);
		munmap((void *)windows[i].base, PAGES * page);
	}
}

/* All pages, and then every second one */
static void run_all(void (*run)(const struct uffd_op *v, size_t n))
{
	const struct uffd_op all = {0, PAGES * page, UFFD_OPEN_WP};

	run(&all, 1);
	for (size_t i = 0; i < PAGES; i++)
		steps[i] = on_page(i, i % 2 ? UFFD_PROTECT : UFFD_UNPROTECT);
	run(steps, PAGES);
}

static bool can_write(int window, size_t i)
{
	return !try_write((char *)windows[window].base + i * page, 1).signal;
}

static void by_others(const struct uffd_op *v, size_t n)
{
	unsigned int ms = 10000;

	errand_run(windows, WINDOWS, v, n, &ms);
	CU_ASSERT(ms > 0);
}

static void here(const struct uffd_op *v, size_t n)
{
	errand_run_here(windows, WINDOWS, v, n);
}

static void reach_all(void (*run)(const struct uffd_op *v, size_t n))
{
	make_windows();
	run_all(run);
	for (int w = 0; w < WINDOWS; w++) {
		CU_ASSERT(windows[w].result == 0);
		for (size_t i = 0; i < PAGES; i++)
			if (can_write(w, i) != (i % 2 == 0))
				CU_FAIL("a step has not reached a page");
	}
	end_windows();
}

static void others_reach_all(void)
{
	reach_all(by_others);
}

static void this_thread_reaches_all(void)
{
	reach_all(here);
}

/* Of a process that has exited */
static int dead_uffd(void)
{
	int ends[2], fd = -1;
	char byte = 0;
	pid_t pid;

	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	pid = fork();
	if (pid == 0) {
		fdpass_send(ends[1], &byte, 1, uffd_open(), 0);
		_exit(0);
	}
	CU_ASSERT(fdpass_receive(ends[0], &byte, 1, &fd, 0) == 1 && fd >= 0);
	CU_ASSERT(wait_for_exit(pid) == 0);
	close(ends[0]);
	close(ends[1]);
	return fd;
}

/* One window has no process any more, and one has lost its memory. */
static void each_has_a_result(void)
{
	make_windows();
	close(windows[1].uffd);
	windows[1].uffd = dead_uffd();
	munmap((void *)windows[3].base, PAGES * page);
	run_all(by_others);
	CU_ASSERT(windows[1].result == -ESRCH);
	CU_ASSERT(windows[3].result < 0 && windows[3].result != -ESRCH);
	for (int w = 0; w < WINDOWS; w += 2) {
		CU_ASSERT(windows[w].result == 0);
		CU_ASSERT(can_write(w, 0) && !can_write(w, PAGES - 1));
	}
	end_windows();
}

static void no_steps(void)
{
	make_windows();
	by_others(steps, 0);
	for (int w = 0; w < WINDOWS; w++)
		CU_ASSERT(windows[w].result == 0);
	end_windows();
}

static const struct test tests[] = {
	{"others' steps reach all windows", others_reach_all},
	{"those of this thread do, too", this_thread_reaches_all},
	{"each window has a result", each_has_a_result},
	{"no steps", no_steps},
};

int main(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	if (closer_start())
		return 77;
	return run_tests("unit_errand", tests, N_TESTS(tests));
}
