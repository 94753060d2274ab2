/* SPDX-License-Identifier: MIT */
/* Text that is shown anew, on the whole terminal. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* false: this terminal cannot do that, or there is none. */
bool screen_open(void);
void screen_close(void);
size_t screen_width(void);

/* Lines of text; the first fixed ones stay when the others are moved. */
void screen_show(const char *text, int fixed);

enum screen_event {
	SCREEN_TIME,  /* it is up */
	SCREEN_AGAIN, /* show it again: another size, or moved */
	SCREEN_NOW,   /* do not wait any longer */
	SCREEN_QUIT,
};

/* Waits; *seconds is what is left of them then. */
enum screen_event screen_wait(double *seconds);
/* The signal that SCREEN_QUIT is for, or 0. */
int screen_signal(void);

#endif
