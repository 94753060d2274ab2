/* SPDX-License-Identifier: MIT */
#include "progress_bar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "amount.h"

#define TICK_NS 100000000L
#define FIRST_TICKS 3 /* what is soon done needs no bar */
#define NARROW 20
#define LONGEST 500

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define N_ENDS (sizeof(ends) / sizeof(ends[0]))

static volatile sig_atomic_t came;
static struct sigaction before[N_ENDS];

static void note(int sig)
{
	came = sig;
}

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_ENDS; i++)
		sigaddset(set, ends[i]);
}

static int width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < NARROW)
		return 80;
	return size.ws_col < LONGEST ? size.ws_col : LONGEST;
}

static void draw(struct bar *bar)
{
	uint64_t done = bar->done(bar->arg);
	char done_text[AMOUNT_TEXT], total_text[AMOUNT_TEXT], tail[80];
	char line[LONGEST + 1];
	int columns = width(), cells, full;

	if (done > bar->total)
		done = bar->total;
	snprintf(tail, sizeof(tail), "] %3d%% %s of %s",
		 (int)((double)done * 100 / (double)bar->total),
		 amount_text(done, done_text),
		 amount_text(bar->total, total_text));
	/* Not the last column: some terminals go to the next line then. */
	cells = columns - 2 - (int)strlen(tail);
	if (cells < 1)
		return;
	full = (int)((double)done * cells / (double)bar->total);
	memset(line, '#', (size_t)full);
	memset(line + full, ' ', (size_t)(cells - full));
	line[cells] = 0;
	fprintf(stderr, "\r[%s%s", line, tail);
	fflush(stderr);
	bar->drawn = true;
}

static void wipe(void)
{
	fprintf(stderr, "\r%*s\r", width() - 1, "");
	fflush(stderr);
}

static bool wait_tick(struct bar *bar)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TICK_NS;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&bar->lock);
	while (!bar->ended &&
	       pthread_cond_timedwait(&bar->end, &bar->lock, &until) == 0)
		;
	ended = bar->ended;
	pthread_mutex_unlock(&bar->lock);
	return !ended;
}

static void *run(void *arg)
{
	bool terminal = isatty(STDERR_FILENO);
	struct bar *bar = arg;
	int ticks = 0;

	while (wait_tick(bar)) {
		/* It may have come just before the call that it is to end. */
		if (came)
			pthread_kill(bar->caller, came);
		if (terminal && bar->total && ++ticks >= FIRST_TICKS)
			draw(bar);
	}
	return NULL;
}

static void listen_to_ends(void)
{
	/* Without SA_RESTART: the call ends with EINTR. */
	const struct sigaction act = {.sa_handler = note};

	came = 0;
	for (size_t i = 0; i < N_ENDS; i++) {
		sigaction(ends[i], &act, &before[i]);
		/* nohup(1) and shells' background jobs: it stays ignored. */
		if (before[i].sa_handler == SIG_IGN)
			sigaction(ends[i], &before[i], NULL);
	}
}

static void restore_ends(void)
{
	for (size_t i = 0; i < N_ENDS; i++)
		sigaction(ends[i], &before[i], NULL);
}

int bar_begin(struct bar *bar)
{
	sigset_t set;
	int err;

	bar->caller = pthread_self();
	bar->ended = false;
	bar->drawn = false;
	pthread_mutex_init(&bar->lock, NULL);
	pthread_cond_init(&bar->end, NULL);
	/* Signals are the caller's alone, whose call they are to end. */
	ending_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, &bar->mask);
	err = pthread_create(&bar->thread, NULL, run, bar);
	if (!err)
		listen_to_ends();
	pthread_sigmask(SIG_SETMASK, &bar->mask, NULL);
	return -err;
}

int bar_signal(void)
{
	return came;
}

int bar_end(struct bar *bar)
{
	pthread_mutex_lock(&bar->lock);
	bar->ended = true;
	pthread_cond_signal(&bar->end);
	pthread_mutex_unlock(&bar->lock);
	pthread_join(bar->thread, NULL);
	pthread_mutex_destroy(&bar->lock);
	pthread_cond_destroy(&bar->end);
	if (bar->drawn)
		wipe();
	restore_ends();
	return came;
}

void bar_end_by(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
	exit(128 + sig);
}
