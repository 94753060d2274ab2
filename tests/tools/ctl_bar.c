/* SPDX-License-Identifier: MIT */
/* Not a test: a call of a second, with the bar that msharectl create has. */
#include <time.h>

#include "progress_bar.h"

static uint64_t half(void *arg)
{
	(void)arg;
	return 512 << 20;
}

int main(void)
{
	struct bar bar = {.done = half, .total = 1024 << 20};
	struct timespec second = {.tv_sec = 1};
	int sig;

	if (bar_begin(&bar))
		return 1;
	nanosleep(&second, NULL);
	sig = bar_end(&bar);
	if (sig)
		bar_end_by(sig);
	return 0;
}
