/* SPDX-License-Identifier: MIT */
/*
 * Exit of processes that have touched all of 8 GiB: the time from the request
 * until the last one is reaped, all at the same time and one after the other.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "bench.h"
#include "peers.h"

#define SIZE (8 * GIB)
#define MAX 1000

/* Shared by all processes. A process exits when its word is not 0. */
static struct board {
	_Alignas(64) _Atomic uint32_t ready;
	_Alignas(64) _Atomic uint32_t all; /* for those that exit together */
	_Alignas(64) _Atomic uint32_t one[MAX];
} * board;

static void futex(_Atomic uint32_t *at, int op, uint32_t value)
{
	syscall(SYS_futex, at, op, value, NULL, NULL, 0);
}

_Noreturn static void serve(struct memory *memory, int index, bool together)
{
	_Atomic uint32_t *go = together ? &board->all : &board->one[index];
	char *at = memory->peer->attach(memory, index);

	if (!at)
		die(memory->peer->series);
	if (memory->peer->page)
		touch(at, memory->size, memory->peer->page);
	atomic_fetch_add(&board->ready, 1);
	futex(&board->ready, FUTEX_WAKE, 1);
	while (!atomic_load(go))
		futex(go, FUTEX_WAIT, 0);
	_exit(0);
}

static void start(struct memory *memory, int n, bool together, pid_t *pids)
{
	const pid_t parent = getpid();

	*board = (struct board){0};
	fflush(stdout);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(1);
			serve(memory, i, together);
		}
		/* They attach one by one; only the exits coincide. */
		while (atomic_load(&board->ready) != (uint32_t)i + 1) {
			if (waitpid(pids[i], NULL, WNOHANG) == pids[i])
				_exit(1); /* it has printed why */
			futex(&board->ready, FUTEX_WAIT, (uint32_t)i);
		}
	}
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("exit of a process");
}

static double exit_together(const pid_t *pids, int n)
{
	double start = now_us();

	atomic_store(&board->all, 1);
	futex(&board->all, FUTEX_WAKE, INT32_MAX);
	for (int i = 0; i < n; i++)
		reap(pids[i]);
	return now_us() - start;
}

static double exit_one_by_one(const pid_t *pids, int n)
{
	double start = now_us();

	for (int i = 0; i < n; i++) {
		atomic_store(&board->one[i], 1);
		futex(&board->one[i], FUTEX_WAKE, 1);
		reap(pids[i]);
	}
	return now_us() - start;
}

static void one(const struct args *args, const struct peer *peer, int n,
		int round)
{
	struct memory memory;
	pid_t pids[MAX];

	peer_set_up(&memory, peer, args->file, SIZE);
	start(&memory, n, true, pids);
	sample("exit.all", peer->series, SIZE, n, round,
	       exit_together(pids, n) / n);
	start(&memory, n, false, pids);
	sample("exit.one", peer->series, SIZE, n, round,
	       exit_one_by_one(pids, n) / n);
	peer->clean_up(&memory);
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);
	const int n = args.quick ? 200 : MAX;

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		die("mmap");
	for (int round = 0; round < (args.quick ? 1 : 5); round++) {
		one(&args, &peer_nothing, n, round);
		one(&args, &peer_msharefs, n, round);
		one(&args, &peer_limit, n, round);
		one(&args, &peer_hugetlbfs, args.quick ? 20 : 100, round);
	}
	return 0;
}
