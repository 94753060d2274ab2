/* SPDX-License-Identifier: MIT */
/* The daemon's messages: on stderr in the foreground, else in syslog. */
#ifndef LOG_H
#define LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#define LOG_LINE 1024 /* bytes of a message; longer ones are cut off */

/* debug: write messages of priority LOG_DEBUG too. */
void log_open(bool debug);
/* Switches to syslog. Called before the daemon leaves the terminal. */
void log_to_syslog(void);

/* priority as in syslog(3). */
void log_msg(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * For messages that a process can cause as often as it likes: true once a
 * minute. last: when that was; one for each kind of message, 0 at first.
 */
bool log_now_and_then(_Atomic uint64_t *last);

#endif
