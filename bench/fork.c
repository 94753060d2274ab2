/* SPDX-License-Identifier: MIT */
/*
 * The time from fork() until the child has touched a page, for a process with a
 * window, beside the same process without one and with the mappings of peers.
 */
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "peers.h"

#define CHILDREN 100

static _Atomic uint32_t *touched; /* number of children that have touched */

/* One child after the other; all live until the end. Returns us per child. */
static double fork_children(char *at)
{
	pid_t pids[CHILDREN];
	int hold[2];
	double us;
	char c;

	if (pipe(hold))
		die("pipe");
	atomic_store(touched, 0);
	us = now_us();
	for (uint32_t i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i]) {
			*(volatile char *)at = 1;
			atomic_fetch_add(touched, 1);
			syscall(SYS_futex, touched, FUTEX_WAKE, 1, NULL, NULL,
				0);
			close(hold[1]);
			_exit(read(hold[0], &c, 1) != 0);
		}
		while (atomic_load(touched) == i)
			syscall(SYS_futex, touched, FUTEX_WAIT, i, NULL, NULL,
				0);
	}
	us = now_us() - us;
	close(hold[1]);
	close(hold[0]);
	for (int i = 0; i < CHILDREN; i++)
		if (waitpid(pids[i], NULL, 0) < 0)
			die("waitpid");
	return us / CHILDREN;
}

/* In a separate process, as a window stays until the process ends. */
static void one(const struct args *args, const struct peer *peer, int round)
{
	const size_t size = 8 * GIB;
	struct memory memory;
	int status;
	pid_t pid;
	char *at;

	peer_set_up(&memory, peer, args->file, size);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		at = peer->attach(&memory, 0);
		if (!at)
			die(peer->series);
		if (peer->page)
			touch(at, size, peer->page);
		fork_children(at); /* to warm up */
		sample("fork", peer->series, size, CHILDREN, round,
		       fork_children(at));
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0 || status)
		die(peer->series);
	peer->clean_up(&memory);
}

int main(int argc, char **argv)
{
	static const struct peer *const series[] = {
		&peer_msharefs, &peer_nothing, &peer_limit, &peer_hugetlbfs};
	struct args args = bench_args(argc, argv);

	touched = mmap(NULL, SMALL_PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (touched == MAP_FAILED)
		die("mmap");
	for (int round = 0; round < (args.quick ? 2 : 7); round++)
		for (size_t s = 0; s < sizeof(series) / sizeof(series[0]); s++)
			one(&args, series[s], round);
	return 0;
}
