/* SPDX-License-Identifier: MIT */
/*
 * vfork() twice over: of the host's memory nothing is copied, its fork handlers
 * are not run, and the process in the middle, which is the host's child, has no
 * exit signal. (The program itself cannot be that child: exec() gives it one.)
 * Both run on a stack of their own while the caller sleeps, so they may write
 * to what is shared, but must call nothing of libc that keeps anything.
 */
#include "preload/spawn_helper.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common/syscalls.h"

#define STACK ((size_t)64 << 10)
#define KEPT 3

#define NOT_SANITIZED __attribute__((no_sanitize("address", "undefined")))

struct job {
	const struct spawn *spawn;
	char **env;
	char *stacks; /* two, growing down */
	int error;    /* of exec(), or what went wrong before it */
	int status;
};

NOT_SANITIZED static void reset_signals(void)
{
	const struct sigaction act = {.sa_handler = SIG_DFL};
	uint64_t none = 0;

	for (int sig = 1; sig < NSIG; sig++)
		__sigaction(sig, &act, NULL);
	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

/* 0, 1, 2: /dev/null; 3: what is kept; and no other */
NOT_SANITIZED static int set_descriptors(int keep)
{
	long from = KEPT, null;

	if (keep >= 0) {
		keep = (int)SYS_CALL(SYS_fcntl, keep, F_DUPFD, KEPT + 1);
		if (keep < 0)
			return keep;
	}
	null = SYS_CALL(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (null < 0)
		return (int)null;
	if (null > 2)
		null = SYS_CALL(SYS_dup3, null, 0, 0) < 0 ? -EIO : 0;
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		if (fd != null)
			SYS_CALL(SYS_dup3, null, fd, 0);
	if (keep >= 0) {
		if (SYS_CALL(SYS_dup3, keep, KEPT, 0) < 0)
			return -EIO;
		from++;
	}
	return (int)SYS_CALL(SYS_close_range, from, ~0U, 0);
}

NOT_SANITIZED static int become_program(void *arg)
{
	struct job *job = arg;
	const char *const *path = job->spawn->paths;

	job->error = set_descriptors(job->spawn->keep);
	if (!job->error)
		reset_signals();
	for (; !job->error && *path; path++) {
		int err = (int)SYS_CALL(SYS_execve, *path, job->spawn->argv,
					job->env);

		if (err != -ENOENT || !path[1])
			job->error = err; /* only now is there an answer */
	}
	return 127;
}

/* flags: and the exit signal; until it has ended or called exec(). */
NOT_SANITIZED static int vfork_on(char *stack, int (*run)(void *), int flags,
				  struct job *job)
{
	int saved = errno;
	int pid =
		clone(run, stack + STACK, CLONE_VM | CLONE_VFORK | flags, job);

	if (pid < 0)
		pid = -errno;
	errno = saved;
	return pid;
}

NOT_SANITIZED static int wait_for(int pid, int *status)
{
	long ret;

	do
		ret = SYS_CALL(SYS_wait4, pid, status, __WALL, NULL);
	while (ret == -EINTR);
	return ret < 0 ? (int)ret : 0;
}

NOT_SANITIZED static int run_in_the_middle(void *arg)
{
	const struct sigaction act = {.sa_handler = SIG_DFL};
	struct job *job = arg;
	int pid;

	__sigaction(SIGCHLD, &act, NULL); /* ignored, it would be reaped */
	pid = vfork_on(job->stacks, become_program, SIGCHLD, job);
	if (pid < 0)
		job->error = pid;
	else if (wait_for(pid, &job->status) && !job->error)
		job->error = -ECHILD;
	return 0;
}

/* The host's environment, without what preloads this library. */
static void copy_environment(char **to)
{
	const char *preload = "LD_PRELOAD=";

	for (char **from = environ; from && *from; from++)
		if (strncmp(*from, preload, strlen(preload)) != 0)
			*to++ = *from;
	*to = NULL;
}

static size_t environment_size(void)
{
	size_t n = 1;

	for (char **e = environ; e && *e; e++)
		n++;
	return n * sizeof(char *);
}

static int status_of(const struct job *job)
{
	if (job->error)
		return job->error;
	return WIFEXITED(job->status) ? WEXITSTATUS(job->status)
				      : 128 + WTERMSIG(job->status);
}

int spawn_wait(const struct spawn *spawn)
{
	size_t size = 2 * STACK + environment_size();
	long at = sys_mmap(0, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct job job = {.spawn = spawn};
	int pid, unused;

	if (at < 0)
		return (int)at;
	job.stacks = (char *)at;
	job.env = (char **)(at + 2 * (long)STACK);
	copy_environment(job.env);
	/*
	 * CLONE_FILES: a copy of the host's descriptors would keep open, for as
	 * long as the program runs, what other threads close meanwhile.
	 */
	pid = vfork_on(job.stacks + STACK, run_in_the_middle, CLONE_FILES,
		       &job);
	if (pid >= 0)
		wait_for(pid, &unused);
	sys_munmap((uintptr_t)at, size);
	return pid < 0 ? pid : status_of(&job);
}
