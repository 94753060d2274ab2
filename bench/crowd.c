/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define END '\0'

struct place {
	_Alignas(64) _Atomic uint32_t asked; /* number of requests */
	_Atomic uint32_t answered;
	char what;
	double answer;
	pid_t pid;
};

struct crowd {
	int n, max;
	crowd_act *act;
	void *arg;
	struct place places[];
};

static size_t crowd_size(int max)
{
	return sizeof(struct crowd) + (size_t)max * sizeof(struct place);
}

struct crowd *crowd_new(int max, crowd_act *act, void *arg)
{
	struct crowd *crowd =
		mmap(NULL, crowd_size(max), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (crowd == MAP_FAILED)
		die("mmap");
	crowd->max = max;
	crowd->act = act;
	crowd->arg = arg;
	return crowd;
}

/* Waits until *at is the value; false after a second. */
static bool await(_Atomic uint32_t *at, uint32_t value)
{
	const struct timespec second = {.tv_sec = 1};
	uint32_t now = atomic_load(at);

	while (now != value) {
		if (syscall(SYS_futex, at, FUTEX_WAIT, now, &second, NULL, 0) &&
		    errno == ETIMEDOUT)
			return false;
		now = atomic_load(at);
	}
	return true;
}

static void announce(_Atomic uint32_t *at)
{
	atomic_fetch_add(at, 1);
	syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);
}

_Noreturn static void serve(struct crowd *crowd, int index)
{
	struct place *place = &crowd->places[index];

	for (uint32_t n = 1;; n++) {
		while (!await(&place->asked, n))
			;
		if (place->what == END)
			_exit(0);
		place->answer = crowd->act(crowd->arg, index, place->what);
		announce(&place->answered);
	}
}

void crowd_grow(struct crowd *crowd, int n)
{
	pid_t parent = getpid();

	if (n > crowd->max)
		abort();
	fflush(stdout);
	for (; crowd->n < n; crowd->n++) {
		const int index = crowd->n; /* which is shared, and changes */
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(1);
			serve(crowd, index);
		}
		crowd->places[index].pid = pid;
	}
}

static void ask(struct place *place, char what)
{
	place->what = what;
	announce(&place->asked);
}

static double hear(struct place *place)
{
	int status;

	while (!await(&place->answered, atomic_load(&place->asked)))
		if (waitpid(place->pid, &status, WNOHANG) == place->pid) {
			fprintf(stderr, "process %d ended with status %#x\n",
				(int)place->pid, (unsigned)status);
			exit(1);
		}
	return place->answer;
}

double crowd_ask(struct crowd *crowd, int index, char what)
{
	ask(&crowd->places[index], what);
	return hear(&crowd->places[index]);
}

void crowd_ask_all(struct crowd *crowd, char what, double *answers)
{
	for (int i = 0; i < crowd->n; i++)
		ask(&crowd->places[i], what);
	for (int i = 0; i < crowd->n; i++) {
		double answer = hear(&crowd->places[i]);

		if (answers)
			answers[i] = answer;
	}
}

void crowd_end(struct crowd *crowd)
{
	for (int i = 0; i < crowd->n; i++)
		ask(&crowd->places[i], END);
	for (int i = 0; i < crowd->n; i++)
		if (waitpid(crowd->places[i].pid, NULL, 0) < 0)
			die("waitpid");
	munmap(crowd, crowd_size(crowd->max));
}
