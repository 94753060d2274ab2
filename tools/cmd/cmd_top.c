/* SPDX-License-Identifier: MIT */
/* msharectl top: a mount as it goes on. */
#include "msharectl.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "mount_sample.h"
#include "messages.h"
#include "screen.h"
#include "resolve_target.h"

#define LEAST_DELAY 0.1
#define MOST_DELAY 86400.0

struct top {
	struct where where;
	double delay;	    /* seconds */
	unsigned long left; /* samples; 0: without end */
	bool batch;
	struct mshare_status_mount before; /* of the last sample */
	bool any_before;
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl top [options] [MOUNT]\n"
		"Shows a mount of msharefs as it goes on: its pool, regions, "
		"windows, and the\n"
		"page tables that are saved.\n"
		"Without MOUNT: $MSHAREFS_MOUNT, else your default mount, else "
		"/sys/fs/mshare.\n"
		"\n"
		"  -d, --delay SECONDS  between two looks (2)\n"
		"  -n, --number N       end after so many\n"
		"  -b, --batch          print one after the other; also where "
		"there is no\n"
		"                       terminal that could show it in place\n"
		"  -h, --help           this text\n"
		"\n"
		"Keys: q ends it, a blank looks at once, arrows and page keys "
		"move the list.\n"
		"\n"
		"Examples: msharectl top\n"
		"          msharectl top -b -n 1 ~/mshare\n");
}

/* Waits in between; EOF or q and Enter on a terminal end it. */
static bool wait_plain(double seconds, bool listen)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];
	ssize_t n;

	if (poll(&input, listen ? 1 : 0, (int)(seconds * 1000)) <= 0)
		return true;
	n = read(STDIN_FILENO, line, sizeof(line));
	return n > 0 && !memchr(line, 'q', (size_t)n);
}

static bool is_last(struct top *top)
{
	return top->left && --top->left == 0;
}

/* A sample in words; EX_OK or after a message. */
static int look(struct top *top, struct sample *sample, size_t width,
		char **text)
{
	int status = sample_take(sample, &top->where);

	if (status != EX_OK)
		return status;
	status = sample_text(sample, top->any_before ? &top->before : NULL,
			     top->where.mount, width, text);
	if (status != EX_OK)
		sample_free(sample);
	return status;
}

static void remember(struct top *top, const struct sample *sample)
{
	top->before = sample->mount;
	top->any_before = true;
}

static int run_plain(struct top *top)
{
	bool listen = !top->batch && isatty(STDIN_FILENO);
	bool first = true;
	struct sample sample;
	char *text;
	int status;

	do {
		status = look(top, &sample, 0, &text);
		if (status != EX_OK)
			return status;
		printf("%s%s", first ? "" : "\n", text);
		first = false;
		remember(top, &sample);
		sample_free(&sample);
		free(text);
		if (fflush(stdout))
			return EX_OK; /* main() says why */
	} while (!is_last(top) && wait_plain(top->delay, listen));
	return EX_OK;
}

/* One sample, until it is time for the next. */
static int show(struct top *top, const struct sample *sample, char *text,
		enum screen_event *event)
{
	double seconds = top->delay;
	int status = EX_OK;

	do {
		screen_show(text, SAMPLE_HEADER);
		free(text);
		text = NULL;
		*event = screen_wait(&seconds);
		if (*event == SCREEN_AGAIN)
			status = sample_text(
				sample, top->any_before ? &top->before : NULL,
				top->where.mount, screen_width(), &text);
	} while (*event == SCREEN_AGAIN && status == EX_OK);
	return status;
}

static int run_on_screen(struct top *top)
{
	enum screen_event event = SCREEN_TIME;
	struct sample sample;
	int status, sig;
	char *text;

	say_after(screen_close);
	do {
		status = look(top, &sample, screen_width(), &text);
		if (status != EX_OK)
			break;
		status = show(top, &sample, text, &event);
		remember(top, &sample);
		sample_free(&sample);
	} while (status == EX_OK && event != SCREEN_QUIT && !is_last(top));
	say_after(NULL);
	screen_close();
	sig = screen_signal();
	if (sig) {
		sigset_t all;

		signal(sig, SIG_DFL);
		raise(sig);
		sigfillset(&all);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
	}
	return status;
}

static int parse(struct top *top, int c, const char *arg)
{
	char *end;

	switch (c) {
	case 'd':
		top->delay = strtod(arg, &end);
		if (end == arg || *end || !(top->delay >= LEAST_DELAY) ||
		    top->delay > MOST_DELAY)
			return fail_usage("top",
					  "--delay %s: give seconds, 0.1 or "
					  "more",
					  arg);
		return EX_OK;
	case 'n':
		top->left = strtoul(arg, &end, 10);
		if (*arg < '0' || *arg > '9' || *end || !top->left)
			return fail_usage("top",
					  "--number %s: give a number above 0",
					  arg);
		return EX_OK;
	case 'b':
		top->batch = true;
		return EX_OK;
	default:
		return fail_usage("top", NULL);
	}
}

int cmd_top(int argc, char **argv)
{
	static const struct option longs[] = {
		{"delay", required_argument, NULL, 'd'},
		{"number", required_argument, NULL, 'n'},
		{"batch", no_argument, NULL, 'b'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct top top = {.delay = 2};
	int c, status = EX_OK;

	while (status == EX_OK &&
	       (c = getopt_long(argc, argv, "d:n:bh", longs, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EX_OK;
		}
		status = parse(&top, c, optarg);
	}
	if (status != EX_OK)
		return status;
	if (argc - optind > 1)
		return fail_usage("top", "more than one MOUNT is given");
	status = where_find(&top.where, argv[optind]);
	if (status != EX_OK)
		return status;
	if (!top.batch && screen_open())
		status = run_on_screen(&top);
	else
		status = run_plain(&top);
	where_end(&top.where);
	return status;
}
