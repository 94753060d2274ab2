/* SPDX-License-Identifier: MIT */
/*
 * munmap() of a window that the daemon cannot be told of: either it fails, or a
 * later change touches nothing that the program maps there next.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static int protect(int prot)
{
	const struct mshare_change change = {.size = page,
					     .what = (uint32_t)prot};

	return ioctl(fd, MSHARE_IOC_PROTECT, &change);
}

/* Maps private memory where the window was, over it or beside nothing. */
static char *map_own(int flags)
{
	return mmap(at, align, RW,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

static void is_our_own(char *own)
{
	CHILD_ASSERT(own == at);
	own[0] = 'o';
	CHILD_ASSERT(!protect(PROT_READ));
	for (uint64_t i = 0; i < 2 * page; i += 4096)
		CHILD_ASSERT(!try_write(own + i, 'w').signal);
	CHILD_ASSERT(own[0] == 'w' && !protect(RW));
}

static void close_all_others(void)
{
	for (int i = 3; i < 64; i++)
		if (i != fd)
			close(i);
}

static void fill_table(void)
{
	const struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};

	CHILD_ASSERT(!setrlimit(RLIMIT_NOFILE, &limit));
	while (dup(0) >= 0)
		;
}

static void unmap_and_reuse(void *arg)
{
	(void)arg;
	close_all_others();
	fill_table();
	CHILD_ASSERT(!munmap(at, align));
	is_our_own(map_own(MAP_FIXED_NOREPLACE));
}

static void map_over(void *arg)
{
	(void)arg;
	close_all_others();
	fill_table();
	is_our_own(map_own(MAP_FIXED));
}

/* As daemons do: close everything, and use all descriptors. */
static void no_descriptors(void)
{
	begin();
	CU_ASSERT(!region_add(fd, 0, 2 * page));
	CU_ASSERT(!in_child(unmap_and_reuse, NULL));
	CU_ASSERT(!in_child(map_over, NULL));
	end();
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* The parent stops the daemon and lets it go on again. */
static void unmap_while_stopped(void *arg)
{
	const time_t start = seconds();

	(void)arg;
	CHILD_ASSERT(daemon_freeze(mount_daemon));
	CHILD_ASSERT(fails(munmap(at, align), EAGAIN));
	CHILD_ASSERT(!try_write(at, 's').signal);
	CHILD_ASSERT(seconds() - start < 60);
	CHILD_ASSERT(!kill(mount_daemon, SIGCONT));
	CHILD_ASSERT(at[0] == 's' && !munmap(at, align));
	is_our_own(map_own(MAP_FIXED_NOREPLACE));
}

/* run() stops the daemon, and lets it go on if it comes to that. */
static void with_a_stopped_daemon(void (*run)(void *arg))
{
	begin();
	CU_ASSERT(!region_add(fd, 0, 2 * page));
	CU_ASSERT(!in_child(run, NULL));
	kill(mount_daemon, SIGCONT);
	end();
}

static void the_daemon_is_stopped(void)
{
	with_a_stopped_daemon(unmap_while_stopped);
}

static void child_of_stopped(void *arg)
{
	(void)arg;
	CHILD_ASSERT(try_read(at).signal == SIGSEGV);
}

static void fork_while_stopped(void *arg)
{
	const time_t start = seconds();
	char *other = region_window(fd, align);
	int ended;

	(void)arg;
	CHILD_ASSERT(other != NULL);
	CHILD_ASSERT(daemon_freeze(mount_daemon));
	ended = in_child(child_of_stopped, NULL);
	CHILD_ASSERT(!kill(mount_daemon, SIGCONT));
	CHILD_ASSERT(!ended && seconds() - start < 60);
	CHILD_ASSERT(!try_write(at, 'f').signal);
}

/* The child has no window rather than one without protection. */
static void fork_of_a_stopped_daemon(void)
{
	with_a_stopped_daemon(fork_while_stopped);
}

/* The daemon's socket is out of sight there, though the daemon lives. */
static void unmap_elsewhere(void *arg)
{
	(void)arg;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(77);
	CHILD_ASSERT(fails(munmap(at, align), EAGAIN));
	CHILD_ASSERT(MAP_FAILS(map_own(MAP_FIXED), EAGAIN));
	CHILD_ASSERT(!try_write(at, 'n').signal);
	CHILD_ASSERT(!in_child(child_of_stopped, NULL));
}

static void another_network(void)
{
	int ended;

	begin();
	CU_ASSERT(!region_add(fd, 0, 2 * page));
	ended = in_child(unmap_elsewhere, NULL);
	CU_ASSERT(ended == 0 || ended == 77);
	if (ended == 77)
		skip_test("user namespaces are refused");
	end();
}

static const struct test tests[] = {
	{"no descriptor is free", no_descriptors},
	{"the daemon is stopped", the_daemon_is_stopped},
	{"fork() while it is stopped", fork_of_a_stopped_daemon},
	{"in another network namespace", another_network},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_unmap", NULL, tests, N_TESTS(tests));
}
