/* SPDX-License-Identifier: MIT */
#include "base/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whoever takes this number ends. */
#define END UINT_MAX

int crew_open(struct crew *crew)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	crew->take_fd = ends[0];
	crew->give_fd = ends[1];
	return 0;
}

void crew_close(struct crew *crew)
{
	close(crew->take_fd);
	close(crew->give_fd);
}

bool crew_give(const struct crew *crew, unsigned int number)
{
	return write(crew->give_fd, &number, sizeof(number)) == sizeof(number);
}

static _Noreturn void serve(const struct crew *crew, pid_t keeper,
			    crew_work *work, void *arg)
{
	unsigned int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == keeper) {
		if (read(crew->take_fd, &number, sizeof(number)) !=
		    sizeof(number))
			continue;
		if (number == END)
			break;
		work(arg, number);
	}
	_exit(0);
}

void crew_add(struct crew *crew, crew_work *work, void *arg)
{
	const unsigned int n = atomic_load(&crew->n);
	const pid_t keeper = getpid();
	long pid;

	if (n == CREW)
		return;
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		serve(crew, keeper, work, arg);
	if (pid < 0)
		return;
	crew->members[n] = (pid_t)pid;
	atomic_store(&crew->n, n + 1);
}

void crew_shrink(struct crew *crew)
{
	while (crew->ending + 1 < atomic_load(&crew->n) && crew_give(crew, END))
		crew->ending++;
}

bool crew_forget(struct crew *crew, pid_t pid)
{
	const unsigned int n = atomic_load(&crew->n);

	for (unsigned int i = 0; i < n; i++) {
		if (crew->members[i] != pid)
			continue;
		crew->members[i] = crew->members[n - 1];
		atomic_store(&crew->n, n - 1);
		crew->ending -= crew->ending > 0;
		return true;
	}
	return false;
}
