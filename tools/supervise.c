/* SPDX-License-Identifier: MIT */
#include "supervise.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* All but those that say that we ourselves are broken. */
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
	sigaction(SIGCHLD, &act, &s->child); /* ignored, nobody could wait */
}

void supervise_end(const struct supervise *s)
{
	sigaction(SIGCHLD, &s->child, NULL);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* Whether the child has ended. */
static int reap_or_stop(pid_t child, int *status)
{
	while (waitpid(child, status, WNOHANG | WUNTRACED) == child) {
		if (!WIFSTOPPED(*status))
			return 1;
		/* A shell sees a stopped job, and one that goes on. */
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
		/* What the terminal sends, the child is sent itself. */
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
	setrlimit(RLIMIT_CORE, &no_core); /* it has left its own */
	sigaction(WTERMSIG(status), &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(WTERMSIG(status));
	exit(128 + WTERMSIG(status));
}
