/* SPDX-License-Identifier: MIT */
/*
 * Not a test: a call that takes a second, with the progress bar of msharectl
 * create.
 */
#include <time.h>

#include "progress_bar.h"

static uint64_t half(void *arg)
{
	(void)arg;
	return 512 << 20;
}

int main(void)
{
	struct progress_bar bar = {.done = half, .total = 1024 << 20};
	struct timespec second = {.tv_sec = 1};
	int sig;

	if (progress_bar_begin(&bar))
		return 1;
	nanosleep(&second, NULL);
	sig = progress_bar_end(&bar);
	if (sig)
		progress_bar_end_by(sig);
	return 0;
}
