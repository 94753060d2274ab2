/* SPDX-License-Identifier: MIT */
/*
 * Runs many random operations at once: threads that do anything to one region,
 * and processes killed in the middle of that. In the end the region must be
 * usable, and everything taken given back (the harness checks that).
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 200
#define DEATHS 50
#define PAGES 16 /* of the mount's page size, which all work on */

static uint64_t align, page;
static int region;

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

/* System calls access memory, through a pipe per worker. */
struct worker {
	unsigned int seed;
	int pipe[2];
	int wrong;
};

static unsigned int roll(struct worker *w, unsigned int n)
{
	return (unsigned int)rand_r(&w->seed) % n;
}

static void note(struct worker *w, bool good, const char *what)
{
	if (good)
		return;
	if (!w->wrong++)
		printf("%s: %s\n", what, strerrorname_np(errno));
}

/* Finds a byte or a hole, but never a signal. */
static void look_inside(struct worker *w, const char *at)
{
	char byte;
	ssize_t n = write(w->pipe[1], at + roll(w, PAGES) * page, 1);

	note(w, n == 1 || (n == -1 && errno == EFAULT), "write()");
	if (n == 1)
		note(w, read(w->pipe[0], &byte, 1) == 1, "read()");
}

static void attach_and_look(struct worker *w)
{
	char *at = region_window(region, align);

	note(w, at != NULL, "mmap()");
	if (!at)
		return;
	look_inside(w, at);
	note(w, munmap(at, page) == -1 && errno == EINVAL, "part");
	look_inside(w, at);
	note(w, !munmap(at, align), "munmap()");
}

static void anything(struct worker *w)
{
	uint64_t from = roll(w, PAGES) * page, start, size;
	uint64_t n = (1 + roll(w, PAGES - (unsigned int)(from / page))) * page;

	switch (roll(w, 6)) {
	case 0:
	case 1:
		note(w, !region_add(region, from, n), "CREATE_MAPPING");
		break;
	case 2:
		note(w, !region_unmap_range(region, from, n), "UNMAP");
		break;
	case 3:
		note(w, !v1_get_size(region, &start, &size) && size == align,
		     "GET_SIZE");
		break;
	case 4:
		note(w,
		     region_add(region, align - n, n + page) == -1 &&
			     errno == EINVAL,
		     "outside");
		break;
	default:
		attach_and_look(w);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < ROUNDS; i++)
		anything(w);
	return NULL;
}

/*
 * Whatever happened to the region, it can be emptied and used like a new one.
 */
static bool is_whole(void)
{
	char *at = region_window(region, align);
	bool good;

	if (!at || region_unmap_range(region, 0, align) ||
	    region_mapped(region) != 0)
		return false;
	good = true;
	for (int i = 0; i < PAGES; i++)
		good = good &&
		       try_read(at + (uint64_t)i * page).signal == SIGSEGV;
	good = good && !region_add(region, 0, page) && at[0] == 0 &&
	       !try_write(at + page - 1, 'x').signal &&
	       !region_unmap_range(region, 0, page);
	return !munmap(at, align) && good;
}

static bool pages_are(void *arg)
{
	return huge_pages_held() == *(long *)arg;
}

static void threads_at_once(void)
{
	struct worker workers[THREADS] = {{0}};
	pthread_t threads[THREADS];
	long before = huge_pages_held();

	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i].seed = i + 1;
		CU_ASSERT_FATAL(!pipe(workers[i].pipe));
		CU_ASSERT_FATAL(
			!pthread_create(&threads[i], NULL, work, &workers[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT(workers[i].wrong == 0);
		close(workers[i].pipe[0]);
		close(workers[i].pipe[1]);
	}
	CU_ASSERT(is_whole());
	/*
	 * All is unmapped: no memory is held, though the region still exists.
	 */
	CU_ASSERT(wait_until(pages_are, &before));
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

/* Processes that are killed */

static _Noreturn void work_until_killed(unsigned int seed)
{
	struct worker w = {.seed = seed};

	if (pipe(w.pipe))
		_exit(1);
	/* Also a region of its own that nobody else cleans up. */
	region_add(region_create("own", align), 0, page);
	unlink(in_mount("own"));
	for (;;) {
		anything(&w);
		if (w.wrong)
			_exit(1);
	}
}

static void pause_for(unsigned int usec)
{
	const struct timespec pause = {.tv_nsec = usec * 1000L};

	nanosleep(&pause, NULL);
}

/* Two processes work, and are killed at any time; the second works on alone. */
static int kill_two(struct worker *chance)
{
	pid_t pids[2];
	int killed = 0;

	fflush(NULL);
	for (unsigned int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			work_until_killed(chance->seed + i);
	}
	for (int i = 0; i < 2; i++) {
		int status;

		pause_for(roll(chance, 6000));
		kill(pids[i], SIGKILL);
		killed += waitpid(pids[i], &status, 0) == pids[i] &&
			  WIFSIGNALED(status);
	}
	return killed;
}

static void killed_in_the_middle(void)
{
	struct worker chance = {.seed = (unsigned int)time(NULL)};
	long before = huge_pages_held();
	int good = 0;

	printf("seed %u\n", chance.seed);
	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0);
	for (int i = 0; i < DEATHS / 2; i++)
		good += kill_two(&chance) == 2 && is_whole();
	CU_ASSERT(good == DEATHS / 2);
	unlink(in_mount("own")); /* left by a process that died just before */
	CU_ASSERT(wait_until(pages_are, &before));
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

static const struct test tests[] = {
	{"threads at once", threads_at_once},
	{"killed in the middle", killed_in_the_middle},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_crowd", NULL, tests, N_TESTS(tests));
}
