/* SPDX-License-Identifier: MIT */
/* Child processes, and accesses that may fault. */
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int wait_for_exit(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

int run_program(const char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		unsetenv("LD_PRELOAD");
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return wait_for_exit(pid);
}

int in_child(void (*child)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		child(arg);
		fflush(NULL);
		_exit(0);
	}
	return wait_for_exit(pid);
}

void child_failed(const char *what, const char *file, int line)
{
	printf("%s:%d: in a child: %s (errno %d)\n", file, line, what, errno);
	fflush(NULL);
	_exit(1);
}

static sigjmp_buf escape;
static struct fault caught;

static void catch_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = (struct fault){sig, info->si_code, info->si_addr};
	siglongjmp(escape, 1);
}

enum access {
	READ_1,
	WRITE_1,
	WRITE_8
};

static struct fault try(volatile char *at, enum access access, char value)
{
	typedef uint64_t __attribute__((aligned(1))) loose;
	struct sigaction act = {.sa_sigaction = catch_fault,
				.sa_flags = SA_SIGINFO};
	struct sigaction old_segv, old_bus;

	sigaction(SIGSEGV, &act, &old_segv);
	sigaction(SIGBUS, &act, &old_bus);
	caught = (struct fault){0};
	if (!sigsetjmp(escape, 1)) {
		if (access == WRITE_8)
			*(volatile loose *)at = 0;
		else if (access == WRITE_1)
			*at = value;
		else
			(void)*at;
	}
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return caught;
}

struct fault try_read(const volatile char *at)
{
	return try((volatile char *)at, READ_1, 0);
}

struct fault try_write(volatile char *at, char value)
{
	return try(at, WRITE_1, value);
}

struct fault try_write_8(volatile char *at)
{
	return try(at, WRITE_8, 0);
}

void process_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[n] = 0;
}

char process_state(pid_t pid, pid_t tid)
{
	char name[32], text[512], *end;

	snprintf(name, sizeof(name), "task/%d/stat", tid);
	process_read(pid, name, text, sizeof(text));
	end = strrchr(text, ')'); /* of the name, which may hold anything */
	return end && end[1] == ' ' ? end[2] : 0;
}

int process_fds(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}
