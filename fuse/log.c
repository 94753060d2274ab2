/* SPDX-License-Identifier: MIT */
#include "log.h"

#define FUSE_USE_VERSION 312
#include <fuse_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Written before any thread starts, read only afterwards. */
static bool debugging;
static bool to_syslog;

static void write_line(int priority, const char *line)
{
	if (to_syslog)
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "msharefs: %s\n", line);
}

static void __attribute__((format(printf, 2, 0)))
emit(int priority, const char *format, va_list args)
{
	char line[1024];

	if (priority == LOG_DEBUG && !debugging)
		return;
	vsnprintf(line, sizeof(line), format, args);
	write_line(priority, line);
}

/* libfuse says some of its lines in pieces. */
static void __attribute__((format(printf, 2, 0)))
from_libfuse(enum fuse_log_level level, const char *format, va_list args)
{
	static __thread char line[1024];
	static __thread size_t used;
	char *end;

	if ((int)level == LOG_DEBUG && !debugging) /* the same numbers */
		return;
	vsnprintf(line + used, sizeof(line) - used, format, args);
	used = strlen(line);
	end = strchr(line, '\n');
	if (!end && used < sizeof(line) - 1)
		return;
	if (end)
		*end = 0;
	write_line((int)level, line);
	used = 0;
}

void log_open(bool debug)
{
	debugging = debug;
	fuse_set_log_func(from_libfuse);
}

void log_to_syslog(void)
{
	openlog("msharefs", LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

void log_msg(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit(priority, format, args);
	va_end(args);
}
