/* SPDX-License-Identifier: MIT */
/*
 * The keeper and the processes that it starts. Each is a copy of the daemon
 * from before its first thread, with a single thread.
 */
#include "base/closer_internal.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define NAME "mshare-closer"

static volatile sig_atomic_t daemon_has_ended;

static void tick_later(struct closer *closer)
{
	const struct itimerspec soon = {
		.it_value = {.tv_nsec = CLOSING_MS * 1000000L}};

	if (!atomic_exchange(&closer->ticking, true))
		timerfd_settime(closer->timer_fd, 0, &soon, NULL);
}

static void done(struct closer *closer, struct closing *slot)
{
	atomic_store(&slot->state, CLOSING_FREE);
	atomic_fetch_sub(&closer->waiting, 1);
}

/* How many processes are closing descriptors of this user. */
static unsigned int busy_for(const struct closer *closer, uid_t uid)
{
	unsigned int n = 0;

	for (size_t i = 0; i < CLOSING; i++)
		n += atomic_load(&closer->slots[i].state) == CLOSING_NOW &&
		     closer->slots[i].uid == uid;
	return n;
}

/* For crew_add(): closes the descriptor of that slot. */
static void close_one(void *arg, unsigned int at)
{
	struct closer *closer = arg;
	struct closing *slot = &closer->slots[at];
	const unsigned int stuck = atomic_load(&closer->stuck);

	if (stuck && busy_for(closer, slot->uid) >= crew_share(stuck)) {
		atomic_store(&slot->state, CLOSING_PARKED);
		tick_later(closer);
		return;
	}
	slot->closer = getpid();
	slot->since = now_ms();
	atomic_store(&slot->state, CLOSING_NOW);
	tick_later(closer);
	close(slot->fd);
	done(closer, slot);
}

/* Whether a process sleeps where a signal wakes it. */
static bool can_be_woken(pid_t pid)
{
	char path[32], text[256], *state;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	state = strrchr(text, ')');
	return state && state[1] == ' ' && state[2] == 'S';
}

static void put_back(struct closer *closer, unsigned int at)
{
	struct closing *slot = &closer->slots[at];

	if (busy_for(closer, slot->uid) >=
	    crew_share(atomic_load(&closer->stuck)))
		return;
	atomic_store(&slot->state, CLOSING_QUEUED);
	if (!crew_give(&closer->closers, at))
		atomic_store(&slot->state, CLOSING_PARKED);
}

/* Looks after what has not been done yet. */
static void tick(struct closer *closer)
{
	struct errands *errands = &closer->errands;
	unsigned int stuck = 0;
	uint64_t now = now_ms(), n;

	if (read(closer->timer_fd, &n, sizeof(n)) != sizeof(n))
		return;
	atomic_store(&closer->ticking, false);
	for (unsigned int i = 0; i < CLOSING; i++) {
		struct closing *slot = &closer->slots[i];
		int state = atomic_load(&slot->state);

		if (state == CLOSING_PARKED)
			put_back(closer, i);
		if (state != CLOSING_NOW || slot->since + CLOSING_MS > now)
			continue;
		stuck++;
		/* A process that exits does not linger over its sockets. */
		if (can_be_woken(slot->closer))
			kill(slot->closer, SIGKILL);
	}
	atomic_store(&closer->stuck, stuck);
	if (stuck >= atomic_load(&closer->closers.n))
		crew_add(&closer->closers, close_one, closer);
	if (errands_lack_runner(errands))
		crew_add(&errands->runners, errands_run, errands);
	if (!atomic_load(&closer->waiting))
		crew_shrink(&closer->closers);
	if (!atomic_load(&errands->waiting))
		crew_shrink(&errands->runners);
	if (atomic_load(&closer->waiting) || atomic_load(&errands->waiting))
		tick_later(closer);
}

/* A close that was interrupted is done all the same. */
static void closer_died(struct closer *closer, pid_t pid)
{
	for (size_t i = 0; i < CLOSING; i++) {
		struct closing *slot = &closer->slots[i];

		if (atomic_load(&slot->state) == CLOSING_NOW &&
		    slot->closer == pid)
			done(closer, slot);
	}
}

static void have_one_each(struct closer *closer)
{
	struct errands *errands = &closer->errands;

	if (!atomic_load(&closer->closers.n))
		crew_add(&closer->closers, close_one, closer);
	if (!atomic_load(&errands->runners.n))
		crew_add(&errands->runners, errands_run, errands);
}

static void reap(struct closer *closer)
{
	struct errands *errands = &closer->errands;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (crew_forget(&closer->closers, pid))
			closer_died(closer, pid);
		else if (crew_forget(&errands->runners, pid))
			errands_runner_died(errands, pid);
	}
	have_one_each(closer);
}

/* The end */

static bool is_fuse(const char *link)
{
	return !strcmp(link, "/dev/fuse");
}

static bool is_harmless(const char *link)
{
	return strncmp(link, "socket:", 7) != 0 &&
	       strcmp(link, "anon_inode:[userfaultfd]") != 0;
}

static bool is_any(const char *link)
{
	(void)link;
	return true;
}

static void close_those(bool (*are_meant)(const char *link))
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	char link[256];
	ssize_t n;

	while (dir && (d = readdir(dir))) {
		n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);
		if (n <= 0 || atoi(d->d_name) == dirfd(dir))
			continue;
		link[n] = 0;
		if (are_meant(link))
			close(atoi(d->d_name));
	}
	if (dir)
		closedir(dir);
}

static _Noreturn void bury(void)
{
	close_those(is_fuse);
	close_those(is_harmless);
	close_those(is_any);
	_exit(0);
}

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		daemon_has_ended = true;
}

/* So that ps(1) and pgrep(1) tell it from the daemon. */
static void take_name(void)
{
	char *name = program_invocation_name;

	prctl(PR_SET_NAME, NAME);
	strncpy(name, NAME, strlen(name));
}

static void handle(int sig)
{
	const struct sigaction act = {.sa_handler = on_signal};

	sigaction(sig, &act, NULL);
}

_Noreturn void closer_keep(struct closer *closer)
{
	struct pollfd timer = {.fd = closer->timer_fd, .events = POLLIN};
	sigset_t others;

	take_name();
	handle(SIGUSR1);
	handle(SIGCHLD);
	/* What ends the daemon must not end the keeper before. */
	sigfillset(&others);
	sigdelset(&others, SIGUSR1);
	sigdelset(&others, SIGCHLD);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	have_one_each(closer);
	atomic_store(&closer->is_kept, true);
	while (!daemon_has_ended && getppid() == closer->daemon) {
		if (ppoll(&timer, 1, NULL, &others) > 0)
			tick(closer);
		reap(closer);
	}
	bury();
}
