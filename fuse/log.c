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

static void __attribute__((format(printf, 2, 0)))
emit(int priority, const char *format, va_list args)
{
	char line[1024];
	size_t n;

	if (priority == LOG_DEBUG && !debugging)
		return;
	vsnprintf(line, sizeof(line), format, args);
	n = strlen(line);
	if (n && line[n - 1] == '\n')
		line[n - 1] = 0;
	if (to_syslog)
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "msharefs: %s\n", line);
}

static void __attribute__((format(printf, 2, 0)))
from_libfuse(enum fuse_log_level level, const char *format, va_list args)
{
	emit((int)level, format, args); /* the same numbers as syslog's */
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
