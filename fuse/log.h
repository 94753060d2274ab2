/* SPDX-License-Identifier: MIT */
/* Messages: to stderr in the foreground, to syslog as a daemon. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <syslog.h>

/* Also takes over what libfuse has to say. */
void log_open(bool debug);
/* From now on to syslog: the terminal is about to be left. */
void log_to_syslog(void);

/* priority as in syslog(3); LOG_DEBUG is dropped unless debugging. */
void log_msg(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
