/* SPDX-License-Identifier: MIT */
/* Tests windows across fork(): the same memory, holes and page tables. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define PAGES 64 /* of memory in each region */

static uint64_t align, page;
static int region;
static char *window, *hole;

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

static void set_up(void)
{
	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0 && !region_add(region, 0, PAGES * page));
	window = region_window(region, align);
	CU_ASSERT_FATAL(window != NULL);
	hole = window + align / 2;
}

static void tear_down(void)
{
	CU_ASSERT(!munmap(window, align));
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

static void check_window(void)
{
	CHILD_ASSERT(try_write(window + 3, 1).signal == 0);
	CHILD_ASSERT(try_write(hole, 1).signal == SIGSEGV);
}

static void child_shares(void *arg)
{
	(void)arg;
	CHILD_ASSERT(window[0] == 11);
	window[1] = 22;
	check_window();
}

static void memory_and_holes(void)
{
	set_up();
	window[0] = 11;
	CU_ASSERT(in_child(child_shares, NULL) == 0);
	CU_ASSERT(window[1] == 22);
	CU_ASSERT(try_write(hole, 1).signal == SIGSEGV);
	tear_down();
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

UNINSTRUMENTED static void count_faults(void *arg)
{
	long before = minor_faults();

	(void)arg;
	for (int i = 0; i < PAGES; i++)
		window[(size_t)i * page] = 1;
	before = minor_faults() - before;
	if (mount_shares())
		CHILD_ASSERT(before >= 1 && before <= 3);
	else
		CHILD_ASSERT(before >= PAGES);
}

static void child_finds_tables(void)
{
	set_up();
	CU_ASSERT(in_child(count_faults, NULL) == 0);
	tear_down();
}

static void grow_tree(void *arg)
{
	long depth = (long)arg;

	check_window();
	CHILD_ASSERT(window[0] == (char)depth);
	window[0]++;
	if (depth < 5)
		CHILD_ASSERT(in_child(grow_tree, (void *)(depth + 1)) == 0);
	check_window();
}

static void fork_of_fork(void)
{
	set_up();
	window[0] = 1;
	CU_ASSERT(in_child(grow_tree, (void *)1L) == 0);
	CU_ASSERT(window[0] == 6);
	tear_down();
}

static void many_children(void)
{
	pid_t pids[50];
	int good = 0;

	set_up();
	fflush(NULL);
	for (int i = 0; i < 50; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			check_window();
			window[100 + i] = (char)i;
			_exit(0);
		}
	}
	for (int i = 0; i < 50; i++) {
		int status;

		good += waitpid(pids[i], &status, 0) == pids[i] && !status &&
			window[100 + i] == (char)i;
	}
	CU_ASSERT(good == 50);
	tear_down();
}

/* Threads that fork while others attach and detach. */

static void *fork_often(void *arg)
{
	long bad = 0;

	(void)arg;
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			check_window();
			_exit(0);
		}
		bad += waitpid(pid, &status, 0) != pid || status;
	}
	return (void *)bad;
}

static void *attach_often(void *arg)
{
	long bad = 0;

	(void)arg;
	for (int i = 0; i < 50; i++) {
		char *w = region_window(region, align);

		bad += !w || w[3] != 1 || munmap(w, align);
	}
	return (void *)bad;
}

static void threads_fork(void *arg)
{
	pthread_t threads[4];

	(void)arg;
	window[3] = 1;
	for (int i = 0; i < 4; i++)
		CHILD_ASSERT(!pthread_create(&threads[i], NULL,
					     i < 2 ? fork_often : attach_often,
					     NULL));
	for (int i = 0; i < 4; i++) {
		void *bad;

		pthread_join(threads[i], &bad);
		CHILD_ASSERT(!bad);
	}
}

static void fork_from_threads(void)
{
	set_up();
	/* try_write() is not thread-safe, so the threads run in a child. */
	CU_ASSERT(in_child(threads_fork, NULL) == 0);
	tear_down();
}

static void unmap_in_child(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!munmap(window, align));
	CHILD_ASSERT(try_read(window).signal == SIGSEGV);
}

static void child_unmaps(void)
{
	set_up();
	window[0] = 5;
	CU_ASSERT(in_child(unmap_in_child, NULL) == 0);
	CU_ASSERT(try_read(window).signal == 0 && window[0] == 5);
	CU_ASSERT(try_write(hole, 1).signal == SIGSEGV);
	tear_down();
}

/* A child keeps its window when its parent exits. */
static void orphan(void *arg)
{
	int *fds = arg;
	pid_t pid = fork();
	char byte = 'x';

	if (pid)
		_exit(0);
	while (getppid() != 1 && kill(getppid(), 0) == 0 && byte++)
		usleep(1000);
	usleep(20000); /* and its userfaultfd's end */
	check_window();
	CHILD_ASSERT(write(fds[1], "k", 1) == 1);
	_exit(0);
}

static void child_outlives_parent(void)
{
	int fds[2];
	char byte = 0;

	set_up();
	CU_ASSERT_FATAL(!pipe(fds));
	CU_ASSERT(in_child(orphan, fds) == 0);
	close(fds[1]);
	CU_ASSERT(read(fds[0], &byte, 1) == 1 && byte == 'k');
	/*
	 * Wait for its exit, so that its region is not reported as left over.
	 */
	CU_ASSERT(read(fds[0], &byte, 1) == 0);
	close(fds[0]);
	tear_down();
}

/*
 * As programs become daemons: fork, exit, close everything. Afterwards only the
 * userfaultfd handed to msharefs guards the child's holes.
 */
static void daemonize(void *arg)
{
	int *fds = arg;

	if (fork())
		_exit(0);
	CHILD_ASSERT(dup2(fds[1], 3) == 3);
	CHILD_ASSERT(!syscall(SYS_close_range, 4U, ~0U, 0));
	usleep(50000);
	check_window();
	CHILD_ASSERT(write(3, "k", 1) == 1);
	_exit(0);
}

static void child_is_a_daemon(void)
{
	int good = 0;

	set_up();
	for (int i = 0; i < 20; i++) {
		char byte = 0;
		int fds[2];

		CU_ASSERT_FATAL(!pipe(fds));
		CU_ASSERT(in_child(daemonize, fds) == 0);
		close(fds[1]);
		good += read(fds[0], &byte, 1) == 1 && byte == 'k';
		good += read(fds[0], &byte, 1) == 0;
		close(fds[0]);
	}
	CU_ASSERT(good == 40);
	tear_down();
}

static void vfork_and_spawn(void)
{
	char *argv[] = {(char *)"true", NULL};
	char *envp[] = {NULL};
	int status;
	pid_t pid;

	set_up();
	CU_ASSERT(!posix_spawnp(&pid, "true", NULL, NULL, argv, envp));
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	pid = vfork();
	if (pid == 0) {
		execlp("true", "true", NULL);
		_exit(127);
	}
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	CU_ASSERT(try_write(window, 1).signal == 0);
	CU_ASSERT(try_write(hole, 1).signal == SIGSEGV);
	tear_down();
}

/* Children of which no fork handler knows have no window. */

static pid_t fork_raw(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t fork_raw_3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* Writes where the table of the parent's windows would refuse or redirect. */
static void use_the_place(void)
{
	char *own = mmap(window, align, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				 MAP_FIXED_NOREPLACE,
			 -1, 0);
	char *anew;

	if (own != window || mprotect(own, 4096, PROT_READ) ||
	    mprotect(own, 4096, PROT_READ | PROT_WRITE))
		_exit(2);
	own[0] = 'o';
	if (munmap(own, align) || munmap(own, align))
		_exit(3);
	anew = region_window(region, align); /* is guarded like any other */
	if (!anew || anew[1] != 'p' ||
	    try_write(anew + align / 2, 1).signal != SIGSEGV)
		_exit(4);
	_exit(0);
}

static int raw_child(pid_t (*how)(void), char *touch)
{
	pid_t pid;

	fflush(NULL);
	pid = how();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		if (!touch)
			use_the_place();
		*(volatile char *)touch = 1;
		_exit(0);
	}
	return wait_for_exit(pid);
}

static int protect_first_page(int prot)
{
	const struct mshare_change change = {.size = page,
					     .what = (uint32_t)prot};

	return ioctl(region, MSHARE_IOC_PROTECT, &change);
}

static void unannounced_children(void)
{
	static pid_t (*const ways[])(void) = {_Fork, fork_raw, fork_raw_3};

	set_up();
	window[0] = window[1] = 'p';
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CU_ASSERT(raw_child(ways[i], window) == 256 + SIGSEGV);
		CU_ASSERT(raw_child(ways[i], hole) == 256 + SIGSEGV);
		CU_ASSERT(!protect_first_page(PROT_READ));
		CU_ASSERT(raw_child(ways[i], window) == 256 + SIGSEGV);
		CU_ASSERT(!protect_first_page(PROT_READ | PROT_WRITE));
		CU_ASSERT(raw_child(ways[i], NULL) == 0);
	}
	CU_ASSERT(window[0] == 'p' && try_write(hole, 1).signal == SIGSEGV);
	check_window();
	tear_down();
}

/* At the descriptor limit */

static void check_protected(void *arg)
{
	(void)arg;
	CHILD_ASSERT(try_write(window, 1).signal == SIGSEGV);
	CHILD_ASSERT(window[0] == 'p');
	CHILD_ASSERT(try_write(window + page, 1).signal == 0);
	CHILD_ASSERT(try_write(hole, 1).signal == SIGSEGV);
	CHILD_ASSERT(!munmap(window, align));
}

static void fork_with_full_table(void *arg)
{
	const struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};

	/* As daemons and shells do: the engine's descriptors go, too. */
	if (arg)
		for (int i = 3; i < 64; i++)
			if (i != region)
				close(i);
	CHILD_ASSERT(!setrlimit(RLIMIT_NOFILE, &limit));
	while (dup(0) >= 0)
		;
	CHILD_ASSERT(!in_child(check_protected, NULL));
	check_protected(NULL);
}

static void full_table(void)
{
	static char closed;

	set_up();
	window[0] = 'p';
	CU_ASSERT(!protect_first_page(PROT_READ));
	CU_ASSERT(in_child(fork_with_full_table, NULL) == 0);
	CU_ASSERT(in_child(fork_with_full_table, &closed) == 0);
	tear_down();
}

/* With MADV_DONTFORK a window stays behind, as any memory does. */
static void has_none(void *arg)
{
	(void)arg;
	CHILD_ASSERT(try_read(window).signal == SIGSEGV);
	CHILD_ASSERT(!munmap(window, align));
}

static void stays_behind(void)
{
	set_up();
	CU_ASSERT(madvise(window, page, MADV_DONTFORK) && errno == EINVAL);
	CU_ASSERT(!madvise(window, align, MADV_DONTFORK));
	CU_ASSERT(in_child(has_none, NULL) == 0);
	CU_ASSERT(!madvise(window, align, MADV_DOFORK));
	window[0] = 11;
	CU_ASSERT(in_child(child_shares, NULL) == 0);
	tear_down();
}

static const struct test tests[] = {
	{"memory and holes", memory_and_holes},
	{"the child finds tables", child_finds_tables},
	{"fork of a fork", fork_of_fork},
	{"many children", many_children},
	{"fork from threads", fork_from_threads},
	{"the child unmaps", child_unmaps},
	{"the child outlives its parent", child_outlives_parent},
	{"the child becomes a daemon", child_is_a_daemon},
	{"vfork and posix_spawn", vfork_and_spawn},
	{"_Fork() and clone()", unannounced_children},
	{"no descriptor is free", full_table},
	{"MADV_DONTFORK", stays_behind},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_fork", NULL, tests, N_TESTS(tests));
}
