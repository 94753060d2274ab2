/* SPDX-License-Identifier: MIT */
/* Messages of msharectl on stderr, and the exit status that goes with them. */
#ifndef MESSAGES_H
#define MESSAGES_H

/*
 * Calls prepare before the next message: the terminal may be in full-screen
 * mode.
 */
void message_prepare(void (*prepare)(void));

/* Prints "msharectl: ..." on stderr. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Does the same and returns the exit status that it is given. */
int message_error(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Prints "msharectl VERB: ..." and a pointer to --help; returns EX_USAGE.
 * format: NULL if getopt_long() has already printed the error.
 */
int message_usage_error(const char *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The exit status of sysexits.h for err, which is -errno. */
int message_exit_status(int err);

#endif
