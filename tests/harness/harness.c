/* SPDX-License-Identifier: MIT */
/* Runs a program's tests one by one, reports them, and looks for leaks. */
#include "harness/harness.h"

#include <CUnit/TestRun.h>
#include <CUnit/TestDB.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness_held.h"

#define PATIENCE 20 /* seconds: more than a busy machine takes */

void (*before_tests)(void);

static struct held before; /* what must be as it was */
static unsigned int passed, failed, skipped;
static const char *skip_reason;
static const struct test *current_test;

/* Machine */

long meminfo(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			value = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

bool wait_until(bool (*condition)(void *arg), void *arg)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	const time_t end = seconds() + PATIENCE;

	while (seconds() <= end) {
		if (condition(arg))
			return true;
		nanosleep(&pause, NULL);
	}
	return condition(arg);
}

/* Leaks */

static bool as_before(void *arg)
{
	struct held now;

	(void)arg;
	held_reap();
	now = held_now();
	return now.huge_kib == before.huge_kib &&
	       now.small_kib == before.small_kib &&
	       now.mounts == before.mounts && now.sockets == before.sockets &&
	       now.processes == before.processes;
}

/* The kernel tells the daemon of a last close some moments later. */
static bool left_over(void)
{
	struct held now;

	if (wait_until(as_before, NULL))
		return false;
	now = held_now();
	printf("left over: %ld KiB in huge pages, %ld KiB in small ones, "
	       "%d mounts, %d sockets, %d processes\n",
	       now.huge_kib - before.huge_kib, now.small_kib - before.small_kib,
	       now.mounts - before.mounts, now.sockets - before.sockets,
	       now.processes - before.processes);
	return true;
}

/* Running */

void skip_test(const char *reason)
{
	skip_reason = reason;
}

static void one_test(void)
{
	before = held_now();
	current_test->run();
	CU_ASSERT(!left_over());
}

static void report(const struct test *test)
{
	if (CU_get_number_of_failures()) {
		failed++;
		printf("FAIL %s\n", test->name);
	} else if (skip_reason) {
		skipped++;
		printf("SKIP %s: %s\n", test->name, skip_reason);
	} else {
		passed++;
		printf("ok   %s\n", test->name);
	}
}

/* One test at a time through CUnit, so that each gets its own line. */
static void run_one(CU_pSuite suite, const struct test *test)
{
	CU_pTest t = CU_add_test(suite, test->name, one_test);
	CU_ErrorCode err;

	current_test = test;
	skip_reason = NULL;
	fflush(NULL);
	err = t ? CU_run_test(suite, t) : CU_get_error();
	/* One assertion is the harness's own. */
	if (err != CUE_SUCCESS ||
	    (!skip_reason && CU_get_number_of_asserts() < 2)) {
		failed++;
		printf("FAIL %s: it asserted nothing (%s)\n", test->name,
		       CU_get_error_msg());
		return;
	}
	report(test);
	for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext)
		printf("     %s:%u: %s\n", f->strFileName, f->uiLineNumber,
		       f->strCondition);
	fflush(NULL);
}

static int run(const char *name, const struct test *tests, size_t n)
{
	const char *only = getenv("ONLY");
	CU_pSuite suite;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite(name, NULL, NULL);
	if (!suite)
		return 1;
	for (size_t i = 0; i < n; i++)
		if (!only || strstr(tests[i].name, only))
			run_one(suite, &tests[i]);
	CU_cleanup_registry();
	return 0;
}

static int finish(const char *name)
{
	printf("%s: %u passed, %u failed, %u skipped\n", name, passed, failed,
	       skipped);
	return failed ? 1 : passed ? 0 : skipped ? 77 : 1;
}

int run_tests(const char *name, const struct test *tests, size_t n)
{
	held_init();
	if (run(name, tests, n))
		failed++;
	return finish(name);
}

int run_mount_tests(const char *name, const char *options,
		    const struct test *tests, size_t n)
{
	struct held at_first;

	if (access("/dev/fuse", R_OK | W_OK)) {
		printf("SKIP %s: /dev/fuse: %s; as root: chmod 666 /dev/fuse\n",
		       name, strerror(errno));
		skipped = (unsigned int)n;
		return finish(name);
	}
	if (!new_dir(mount_dir, "test")) {
		perror(mount_dir);
		return 1;
	}
	held_init();
	at_first = held_now();
	mount_daemon = daemon_start(mount_dir, options);
	if (mount_daemon > 0 && before_tests)
		before_tests();
	if (mount_daemon <= 0 || run(name, tests, n))
		failed++;
	if (mount_daemon > 0 && daemon_stop(mount_dir, mount_daemon)) {
		printf("FAIL %s: the daemon did not end well\n", name);
		failed++;
	}
	rmdir(mount_dir);
	mount_daemon = 0;
	before = at_first;
	if (left_over()) {
		printf("FAIL %s: after unmounting\n", name);
		failed++;
	}
	if (failed)
		daemon_show_log();
	return finish(name);
}
