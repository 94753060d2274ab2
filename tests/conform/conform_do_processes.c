/* SPDX-License-Identifier: MIT */
/*
 * Words that have a step done by somebody else: "peer STEP" by another process
 * that stays, "child STEP" by one that ends with it, "thread STEP" by a thread.
 */
#include "conform/conform.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_VARIABLE "CONFORM_PEER"

static pid_t peer_pid;
static int peer_socket = -1;

static void join(char **args, char step[ANSWER_MAX])
{
	size_t used = 0;

	for (step[0] = 0; *args && used < ANSWER_MAX; args++)
		used += (size_t)snprintf(step + used, ANSWER_MAX - used, "%s%s",
					 used ? " " : "", *args);
}

/* The peer's side */

/* Exec does not end it: the new program goes on where this one was. */
static const char *exec_self(int sock)
{
	char state[256];
	char *argv[] = {(char[]){"conform"}, NULL};

	snprintf(state, sizeof(state), "%d %d %#lx %#lx %#lx %p", sock, me.fd,
		 (unsigned long)me.start, (unsigned long)me.align,
		 (unsigned long)me.page, (void *)me.window);
	setenv(STATE_VARIABLE, state, 1);
	execv("/proc/self/exe", argv);
	return answer_of(-1);
}

static _Noreturn void serve(int sock)
{
	char step[ANSWER_MAX];
	const char *said;
	ssize_t n;

	for (;;) {
		n = recv(sock, step, sizeof(step) - 1, 0);
		if (n <= 0)
			_exit(0);
		step[n] = 0;
		if (!strcmp(step, "exit"))
			_exit(0);
		said = strcmp(step, "exec") ? run_step(step) : exec_self(sock);
		send(sock, said, strlen(said), 0);
	}
}

void processes_resume(void)
{
	const char *state = getenv(STATE_VARIABLE);
	void *window;
	int sock;

	if (!state)
		return;
	if (sscanf(state, "%d %d %lx %lx %lx %p", &sock, &me.fd, &me.start,
		   &me.align, &me.page, &window) != 6)
		_exit(1);
	me.window = window;
	unsetenv(STATE_VARIABLE);
	send(sock, "ok", 2, 0); /* what exec answers */
	serve(sock);
}

/* Our side */

static bool start_peer(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		return false;
	peer_pid = fork();
	if (peer_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		peer_socket = -1;
		serve(ends[1]);
	}
	close(ends[1]);
	peer_socket = ends[0];
	return peer_pid > 0;
}

/* Until it is gone: what comes of that is the row's business. */
static const char *end_peer(void)
{
	int status;

	if (waitpid(peer_pid, &status, 0) != peer_pid)
		return answer_of(-1);
	close(peer_socket);
	peer_socket = -1;
	return "ok";
}

/* peer STEP; peer exec; peer exit; peer die (by SIGKILL) */
static const char *do_peer(char **args)
{
	char step[ANSWER_MAX], said[ANSWER_MAX];
	ssize_t n;

	if (peer_socket < 0 && !start_peer())
		return "no peer";
	join(args, step);
	if (!strcmp(step, "die")) {
		kill(peer_pid, SIGKILL);
		return end_peer();
	}
	send(peer_socket, step, strlen(step), MSG_NOSIGNAL);
	if (!strcmp(step, "exit"))
		return end_peer();
	n = recv(peer_socket, said, sizeof(said) - 1, 0);
	if (n <= 0)
		return "the peer died";
	said[n] = 0;
	return answer("%s", said);
}

static const char *do_child(char **args)
{
	char step[ANSWER_MAX], said[ANSWER_MAX];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	join(args, step);
	if (pipe(ends))
		return "no pipe";
	pid = fork();
	if (pid == 0) {
		const char *mine = run_step(step);

		_exit(write(ends[1], mine, strlen(mine)) < 0);
	}
	close(ends[1]);
	n = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid)
		return answer_of(-1);
	if (WIFSIGNALED(status))
		return answer("killed by SIG%s",
			      sigabbrev_np(WTERMSIG(status)));
	said[n > 0 ? n : 0] = 0;
	return answer("%s", said);
}

struct task {
	char step[ANSWER_MAX];
	char said[ANSWER_MAX];
};

static void *run_task(void *arg)
{
	struct task *task = arg;

	snprintf(task->said, sizeof(task->said), "%s", run_step(task->step));
	return NULL;
}

static const char *do_thread(char **args)
{
	struct task task;
	pthread_t thread;

	join(args, task.step);
	if (pthread_create(&thread, NULL, run_task, &task))
		return "no thread";
	pthread_join(thread, NULL);
	return answer("%s", task.said);
}

static const char *do_moment(char **args)
{
	(void)args;
	usleep(300000);
	return "ok";
}

const struct word process_words[] = {
	{"moment", do_moment, 0},
	{"peer", do_peer, 1},
	{"child", do_child, 1},
	{"thread", do_thread, 1},
	{0},
};
