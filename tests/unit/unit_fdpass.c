/* SPDX-License-Identifier: MIT */
/* Tests packets that carry a descriptor, and waits that signals interrupt. */
#include "common/fdpass.h"
#include "harness/harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];

static void set_up(void)
{
	CU_ASSERT_FATAL(
		!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
}

static void with_and_without(void)
{
	char text[8] = "", byte = 0;
	int fds[2], got;

	set_up();
	CU_ASSERT_FATAL(!pipe(fds));
	CU_ASSERT(!fdpass_send(ends[0], "one", 4, fds[1], 0));
	CU_ASSERT(fdpass_receive(ends[1], text, sizeof(text), &got, 0) == 4);
	CU_ASSERT(!strcmp(text, "one") && got >= 0 && got != fds[1]);
	CU_ASSERT(write(got, "x", 1) == 1 && read(fds[0], &byte, 1) == 1);
	CU_ASSERT(byte == 'x');
	close(got);
	CU_ASSERT(!fdpass_send(ends[0], "two", 4, -1, 0));
	CU_ASSERT(fdpass_receive(ends[1], text, sizeof(text), &got, 0) == 4);
	CU_ASSERT(!strcmp(text, "two") && got == -1);
	CU_ASSERT(fdpass_receive(ends[1], text, sizeof(text), &got,
				 MSG_DONTWAIT) == -EAGAIN);
	close(fds[0]);
	close(fds[1]);
	tear_down();
}

static bool sleeps(void *arg)
{
	const pid_t pid = *(pid_t *)arg;

	return process_state(pid, pid) == 'S';
}

/*
 * Waits as the library waits for the daemon: signals blocked, with a timeout.
 */
static void wait_blocked(void)
{
	const struct timeval timeout = {.tv_sec = 10};
	char text[8];
	sigset_t all;
	int got;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	CHILD_ASSERT(fdpass_receive(ends[1], text, sizeof(text), &got, 0) == 4);
	_exit(0);
}

/*
 * Ctrl-Z and fg while a window is made must not make the program's mmap() fail.
 */
static void stopped_and_continued(void)
{
	int status = -1;
	pid_t pid;

	set_up();
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		wait_blocked();
	for (int i = 0; i < 5; i++) {
		CU_ASSERT(wait_until(sleeps, &pid));
		CU_ASSERT(!kill(pid, SIGSTOP));
		CU_ASSERT(waitpid(pid, &status, WUNTRACED) == pid);
		CU_ASSERT_FATAL(WIFSTOPPED(status));
		CU_ASSERT(!kill(pid, SIGCONT));
	}
	CU_ASSERT(wait_until(sleeps, &pid));
	CU_ASSERT(!fdpass_send(ends[0], "end", 4, -1, 0));
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	tear_down();
}

static const struct test tests[] = {
	{"with a descriptor and without", with_and_without},
	{"stopped and continued", stopped_and_continued},
};

int main(void)
{
	return run_tests("unit_fdpass", tests, N_TESTS(tests));
}
