/* SPDX-License-Identifier: MIT */
/* Writes messages to stderr or syslog. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

/* Set before any thread starts, only read afterwards. */
static bool debugging;
static bool to_syslog;

void log_open(bool debug)
{
	debugging = debug;
}

void log_to_syslog(void)
{
	openlog("msharefs", LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

void log_msg(int priority, const char *format, ...)
{
	char line[LOG_LINE];
	va_list args;

	if (priority == LOG_DEBUG && !debugging)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (to_syslog)
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "msharefs: %s\n", line);
}
