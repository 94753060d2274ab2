/* SPDX-License-Identifier: MIT */
/* msharectl top: shows what is shared again and again (msharectl.h) */
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
	struct target target;
	bool has_mount, memory; /* what is shown: target, redirected memory */
	double delay;		/* seconds */
	unsigned long left;	/* samples left; 0: no limit */
	bool batch;
	struct mshare_status_mount before; /* the previous sample */
	bool any_before;
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl top [options] [MOUNT]\n"
		    "Shows a mount of msharefs and updates the display: its "
		    "pool, regions, windows,\n"
		    "and the page tables saved.\n"
		    "Without MOUNT: $MSHAREFS_MOUNT, else your default mount, "
		    "else /sys/fs/mshare;\n"
		    "and, unless $MSHAREFS_MOUNT is set, redirected memory "
		    "(msharectl run --share).\n"
		    "\n"
		    "  -d, --delay SECONDS  delay between updates (2)\n"
		    "  -n, --number N       end after N updates\n"
		    "  -b, --batch          print one sample after the other; "
		    "the default without a\n"
		    "                       suitable terminal\n"
		    "  -h, --help           show this help\n"
		    "\n"
		    "Keys: q quits, the space bar updates at once, arrow and "
		    "page keys scroll.\n"
		    "\n"
		    "Examples: msharectl top\n"
		    "          msharectl top -b -n 1 ~/mshare\n");
}

/*
 * Waits between samples. Returns false to end: on end of file, or on q and
 * Enter at a terminal.
 */
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

/*
 * Takes a sample and formats it. Returns EX_OK, or the exit status after a
 * message.
 */
static int take_sample_text(struct top *top, struct mount_sample *sample,
			    size_t width, char **text)
{
	int status = mount_sample_take(
		sample, top->has_mount ? &top->target : NULL, top->memory);

	if (status != EX_OK)
		return status;
	status =
		mount_sample_text(sample, top->any_before ? &top->before : NULL,
				  top->target.mount, width, text);
	if (status != EX_OK)
		mount_sample_free(sample);
	return status;
}

static void remember(struct top *top, const struct mount_sample *sample)
{
	top->before = sample->mount;
	top->any_before = true;
}

static int run_plain(struct top *top)
{
	bool listen = !top->batch && isatty(STDIN_FILENO);
	bool first = true;
	struct mount_sample sample;
	char *text;
	int status;

	do {
		status = take_sample_text(top, &sample, 0, &text);
		if (status != EX_OK)
			return status;
		printf("%s%s", first ? "" : "\n", text);
		first = false;
		remember(top, &sample);
		mount_sample_free(&sample);
		free(text);
		if (fflush(stdout))
			return EX_OK; /* main() prints why */
	} while (!is_last(top) && wait_plain(top->delay, listen));
	return EX_OK;
}

/* Shows one sample until it is time for the next. */
static int show(struct top *top, const struct mount_sample *sample, char *text,
		enum screen_event *event)
{
	double seconds = top->delay;
	int status = EX_OK;

	do {
		screen_show(text, mount_sample_header(sample));
		free(text);
		text = NULL;
		*event = screen_wait(&seconds);
		if (*event == SCREEN_AGAIN)
			status = mount_sample_text(
				sample, top->any_before ? &top->before : NULL,
				top->target.mount, screen_width(), &text);
	} while (*event == SCREEN_AGAIN && status == EX_OK);
	return status;
}

static int run_on_screen(struct top *top)
{
	enum screen_event event = SCREEN_TIME;
	struct mount_sample sample;
	int status, sig;
	char *text;

	message_prepare(screen_close);
	do {
		status = take_sample_text(top, &sample, screen_width(), &text);
		if (status != EX_OK)
			break;
		status = show(top, &sample, text, &event);
		remember(top, &sample);
		mount_sample_free(&sample);
	} while (status == EX_OK && event != SCREEN_QUIT && !is_last(top));
	message_prepare(NULL);
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
			return message_usage_error(
				"top",
				"--delay %s: not a delay; use seconds from 0.1 "
				"to 86400",
				arg);
		return EX_OK;
	case 'n':
		top->left = strtoul(arg, &end, 10);
		if (*arg < '0' || *arg > '9' || *end || !top->left)
			return message_usage_error(
				"top",
				"--number %s: not a number above 0; use one "
				"such as 10",
				arg);
		return EX_OK;
	case 'b':
		top->batch = true;
		return EX_OK;
	default:
		return message_usage_error("top", NULL);
	}
}

/* Returns EX_OK, or the exit status after a message. */
static int find(struct top *top, const char *named)
{
	struct redirected_list memory;
	int status;

	top->memory = target_is_unnamed(named);
	top->has_mount = !top->memory || target_has_default();
	if (!top->has_mount) {
		status = redirected_list_read(&memory);
		if (status != EX_OK)
			return status;
		top->has_mount = !memory.n;
		redirected_list_free(&memory);
	}
	return top->has_mount ? resolve_target(&top->target, named) : EX_OK;
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
	struct top top = {.delay = 2, .target.info = -1};
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
		return message_usage_error("top", "give at most one MOUNT");
	status = find(&top, argv[optind]);
	if (status != EX_OK)
		return status;
	if (!top.batch && screen_open())
		status = run_on_screen(&top);
	else
		status = run_plain(&top);
	target_close(&top.target);
	return status;
}
