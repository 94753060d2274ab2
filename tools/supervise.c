/* SPDX-License-Identifier: MIT */
/* Passes signals, stops and the exit of a child on. */
#include "supervise.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* All signals except those that report a fault of our own. */
static void waiting_signals(sigset_t *set)
{
	static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL,
				     SIGSEGV, SIGSYS, SIGTRAP};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(set, faults[i]);
}

void supervise_begin(struct supervise *s)
{
	const struct sigaction act = {.sa_handler = SIG_DFL};
	sigset_t set;

	waiting_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &s->mask);
	sigaction(SIGCHLD, &act, &s->child); /* if SIGCHLD is ignored, the child
						cannot be waited for */
}

void supervise_end(const struct supervise *s)
{
	sigaction(SIGCHLD, &s->child, NULL);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* Returns 1 once the child has ended; stops and continues together with it. */
static int reap_or_stop(pid_t child, int *status)
{
	while (waitpid(child, status, WNOHANG | WUNTRACED) == child) {
		if (!WIFSTOPPED(*status))
			return 1;
		/* The shell must see a stopped job, and one that continues. */
		raise(SIGSTOP);
		kill(child, SIGCONT);
	}
	return 0;
}

int supervise_wait(pid_t child)
{
	siginfo_t info;
	sigset_t set;
	int status;

	waiting_signals(&set);
	while (!reap_or_stop(child, &status)) {
		if (sigwaitinfo(&set, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		/* The child gets signals of the terminal itself. */
		if (info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
	return status;
}

void supervise_exit(int status)
{
	const struct rlimit no_core = {0, 0};
	const struct sigaction act = {.sa_handler = SIG_DFL};
	sigset_t set;

	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE,
		  &no_core); /* the child has dumped its own core */
	sigaction(WTERMSIG(status), &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(WTERMSIG(status));
	exit(128 + WTERMSIG(status));
}
