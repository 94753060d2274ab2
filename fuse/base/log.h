/* SPDX-License-Identifier: MIT */
/* Messages: to stderr in the foreground, to syslog as a daemon. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <syslog.h>

#define LOG_LINE 1024 /* bytes of a message; what is longer is cut off */

/* debug: LOG_DEBUG is written, too. */
void log_open(bool debug);
/* Switches to syslog, before the daemon leaves the terminal. */
void log_to_syslog(void);

/* priority as in syslog(3). */
void log_msg(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
