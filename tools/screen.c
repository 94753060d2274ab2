/* SPDX-License-Identifier: MIT */
/* Shows text on the whole terminal, with ncurses. */
#include "screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

/* A pad wider than any terminal clips lines that are too long. */
#define PAD_WIDTH 2000

static SCREEN *screen;
static int moved;	 /* lines that are scrolled out of view */
static int most;	 /* the largest value of moved */
static sigset_t waiting; /* the signal mask while waiting */
static volatile sig_atomic_t came;

static void note(int sig)
{
	came = sig;
}

/* Lets signals arrive only while screen_wait() waits. */
static void hold_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction act = {.sa_handler = note};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&set, signals[i]);
		sigaction(signals[i], &act, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, &waiting);
}

static bool can_move_cursor(void)
{
	const char *cup = tigetstr("cup");

	return cup && cup != (char *)-1;
}

bool screen_open(void)
{
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    setupterm(NULL, STDOUT_FILENO, &err) != OK)
		return false;
	if (!can_move_cursor()) {
		del_curterm(cur_term);
		return false;
	}
	del_curterm(cur_term);
	hold_signals();
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	return true;
}

void screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

size_t screen_width(void)
{
	return COLS > 1 ? (size_t)COLS : 1;
}

static int count_lines(const char *text)
{
	int n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static void show_part(WINDOW *pad, int from, int at, int n)
{
	if (n > 0)
		pnoutrefresh(pad, from, 0, at, 0, at + n - 1, COLS - 1);
}

void screen_show(const char *text, int fixed)
{
	int n = count_lines(text), rows = LINES;
	WINDOW *pad = newpad(n + rows, PAD_WIDTH);

	if (!pad)
		return;
	if (fixed > rows)
		fixed = rows;
	most = n - 1 > rows ? n - 1 - rows : 0;
	if (moved > most)
		moved = most;
	waddstr(pad, text);
	/* Reverse video needs no colours. */
	mvwchgat(pad, fixed - 1, 0, COLS, A_REVERSE, 0, NULL);
	show_part(pad, 0, 0, fixed);
	show_part(pad, fixed + moved, fixed, rows - fixed);
	doupdate();
	delwin(pad);
}

static enum screen_event act_on(int key)
{
	int page = LINES > 10 ? LINES - 8 : 1;

	switch (key) {
	case 'q':
	case 'Q':
		return SCREEN_QUIT;
	case ' ':
		return SCREEN_NOW;
	case KEY_DOWN:
		moved += moved < most;
		break;
	case KEY_UP:
		moved -= moved > 0;
		break;
	case KEY_NPAGE:
		moved = moved + page < most ? moved + page : most;
		break;
	case KEY_PPAGE:
		moved = moved > page ? moved - page : 0;
		break;
	case KEY_HOME:
		moved = 0;
		break;
	case KEY_END:
		moved = most;
		break;
	default:
		break; /* including KEY_RESIZE */
	}
	return SCREEN_AGAIN;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum screen_event screen_wait(double *seconds)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec left = {
		.tv_sec = (time_t)*seconds,
		.tv_nsec = (long)((*seconds - (double)(time_t)*seconds) * 1e9),
	};
	double began = now();
	int n = ppoll(&input, 1, &left, &waiting), key;

	*seconds -= now() - began;
	if (*seconds < 0)
		*seconds = 0;
	if (came)
		return SCREEN_QUIT;
	if (n == 0)
		return SCREEN_TIME;
	key = getch();
	if (key != ERR)
		return act_on(key);
	/* Readable but empty: the terminal has gone. */
	return n > 0 && input.revents & (POLLHUP | POLLERR | POLLNVAL)
		       ? SCREEN_QUIT
		       : SCREEN_AGAIN;
}

int screen_signal(void)
{
	return came;
}
