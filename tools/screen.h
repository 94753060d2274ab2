/* SPDX-License-Identifier: MIT */
/* Text on the whole terminal that is shown again and again. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* Returns false if there is no terminal, or one that cannot do this. */
bool screen_open(void);
void screen_close(void);
size_t screen_width(void);

/* Shows lines of text; the first fixed lines stay while the others scroll. */
void screen_show(const char *text, int fixed);

enum screen_event {
	SCREEN_TIME,  /* the time is over */
	SCREEN_AGAIN, /* show the text again: the size or the position changed
		       */
	SCREEN_NOW,   /* take the next sample now */
	SCREEN_QUIT,
};

/* Waits for an event; *seconds becomes the time that is left. */
enum screen_event screen_wait(double *seconds);
/* The signal that caused SCREEN_QUIT, or 0. */
int screen_signal(void);

#endif
