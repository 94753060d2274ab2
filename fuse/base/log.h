/* SPDX-License-Identifier: MIT */
/* The daemon's messages: on stderr in the foreground, else in syslog. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <syslog.h>

#define LOG_LINE 1024 /* bytes of a message; longer ones are cut off */

/* debug: write messages of priority LOG_DEBUG too. */
void log_open(bool debug);
/* Switches to syslog. Called before the daemon leaves the terminal. */
void log_to_syslog(void);

/* priority as in syslog(3). */
void log_msg(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
