/* SPDX-License-Identifier: MIT */
/* What msharectl says when something is amiss, and the status it ends with. */
#ifndef MESSAGES_H
#define MESSAGES_H

/* To be called before the first message: the screen is not for messages. */
void say_after(void (*prepare)(void));

/* "msharectl: ..." on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same; returns the status. */
int fail(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * "msharectl VERB: ..." and where to read on; returns EX_USAGE. format: NULL
 * if getopt_long() has said what is wrong.
 */
int fail_usage(const char *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The status of sysexits.h for an error; err: -errno. */
int status_of(int err);

#endif
