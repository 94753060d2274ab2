/* SPDX-License-Identifier: MIT */
/*
 * Processes attach, look and detach while others map and unmap: nobody ever
 * sees anything but memory that is there, or a fault.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 8
#define ROUNDS 100
#define MAGIC 0x5a

static uint64_t align, page;
static int region;

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

/* Pages 0 and 2 stay; page 1 comes and goes, and reads as zeros or MAGIC. */
static void watch(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		volatile char *w = region_window(region, align);
		struct fault f;

		CHILD_ASSERT(w);
		CHILD_ASSERT(w[0] == 1 && w[2 * page] == 3);
		f = try_read(w + page + 17);
		CHILD_ASSERT(f.signal == 0 ||
			     (f.signal == SIGSEGV && f.code == SEGV_MAPERR &&
			      f.addr == (void *)(w + page + 17)));
		f = try_write(w + page + 100, MAGIC);
		CHILD_ASSERT(f.signal == 0 || f.signal == SIGSEGV);
		CHILD_ASSERT(try_read(w + 3 * page).signal == SIGSEGV);
		CHILD_ASSERT(!munmap((char *)w, align));
	}
}

/* A window that stays, through all changes. */
static void stay(void *arg)
{
	volatile char *w = region_window(region, align);

	(void)arg;
	CHILD_ASSERT(w);
	for (int i = 0; i < ROUNDS * 20; i++) {
		struct fault f = try_read(w + page + 17);

		CHILD_ASSERT(f.signal == 0 || f.signal == SIGSEGV);
		CHILD_ASSERT(w[0] == 1 && w[2 * page] == 3);
	}
}

static void change(void *arg)
{
	volatile char *w = region_window(region, align);

	(void)arg;
	CHILD_ASSERT(w);
	for (int i = 0; i < ROUNDS * 3; i++) {
		CHILD_ASSERT(!region_add(region, page, page));
		/* fresh memory, unless somebody has been quick */
		CHILD_ASSERT(w[page + 17] == 0);
		CHILD_ASSERT(w[page + 100] == 0 || w[page + 100] == MAGIC);
		CHILD_ASSERT(!region_unmap_range(region, page, page));
		CHILD_ASSERT(try_read(w + page + 17).signal == SIGSEGV);
	}
}

static void attach_while_changing(void)
{
	void (*const roles[])(void *) = {change, stay, watch};
	pid_t pids[PROCESSES];
	int good = 0;
	char *w;

	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0 && !region_add(region, 0, page) &&
			!region_add(region, 2 * page, page));
	w = region_window(region, align);
	CU_ASSERT_FATAL(w != NULL);
	w[0] = 1;
	w[2 * page] = 3;
	CU_ASSERT(!munmap(w, align));
	fflush(NULL);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			roles[i < 2 ? i : 2](NULL);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		good += waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	}
	CU_ASSERT(good == PROCESSES);
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

/* Two that map and unmap the same range: the region is whole in the end. */
static void map_and_unmap(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		CHILD_ASSERT(!region_add(region, 0, 8 * page));
		CHILD_ASSERT(!region_unmap_range(region, page, 3 * page));
		CHILD_ASSERT(!region_unmap_range(region, 0, 8 * page));
	}
}

static void change_at_once(void)
{
	pid_t pids[PROCESSES];
	int good = 0;
	char *w;

	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0);
	w = region_window(region, align);
	CU_ASSERT_FATAL(w != NULL);
	fflush(NULL);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			map_and_unmap(NULL);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		good += waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	}
	CU_ASSERT(good == PROCESSES);
	CU_ASSERT(try_read(w).signal == SIGSEGV);
	CU_ASSERT(!region_add(region, 0, page) && try_read(w).signal == 0);
	CU_ASSERT(!munmap(w, align));
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

static const struct test tests[] = {
	{"attach while others change", attach_while_changing},
	{"many change at once", change_at_once},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_churn", NULL, tests, N_TESTS(tests));
}
