/* SPDX-License-Identifier: MIT */
#include "end_signals.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <sys/time.h>

/* How often the main thread is woken until it has seen the end. */
#define REPEAT_US 20000

static struct fuse_session *ending;

static void wake_every(suseconds_t us)
{
	const struct itimerval timer = {
		.it_value = {.tv_usec = us},
		.it_interval = {.tv_usec = us},
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void end(int sig)
{
	int saved = errno;

	(void)sig;
	fuse_session_exit(ending);
	wake_every(REPEAT_US);
	errno = saved;
}

/* Does nothing: the delivery of the signal alone interrupts sem_wait(). */
static void wake(int sig)
{
	(void)sig;
}

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* A signal that was ignored at the start, as by nohup(1), stays ignored. */
static int handle(int sig, void (*handler)(int))
{
	struct sigaction act = {.sa_handler = handler}, old;

	if (sigaction(sig, NULL, &old))
		return -errno;
	if (old.sa_handler == SIG_IGN && handler == end)
		return 0;
	return sigaction(sig, &act, NULL) ? -errno : 0;
}

int end_signals_install(struct fuse_session *session)
{
	int err = handle(SIGALRM, wake);

	ending = session;
	for (size_t i = 0; i < N_SIGNALS && !err; i++)
		err = handle(signals[i], end);
	return err;
}

void end_signals_done(void)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		handle(signals[i], SIG_IGN);
	wake_every(0);
}

void end_signals_default(void)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		handle(signals[i], SIG_DFL);
}
