/* SPDX-License-Identifier: MIT */
#include "ops/libfuse_log.h"

#define FUSE_USE_VERSION 312
#include <fuse_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/*
 * libfuse prints some lines in pieces, so a piece waits for the end of its
 * line. Its levels are those of syslog(3).
 */
static void __attribute__((format(printf, 2, 0)))
from_libfuse(enum fuse_log_level level, const char *format, va_list args)
{
	static __thread char line[LOG_LINE];
	static __thread size_t used;
	char *end;

	vsnprintf(line + used, sizeof(line) - used, format, args);
	used = strlen(line);
	end = strchr(line, '\n');
	if (!end && used < sizeof(line) - 1)
		return;
	if (end)
		*end = 0;
	log_msg((int)level, "%s", line);
	used = 0;
}

void libfuse_log_open(void)
{
	fuse_set_log_func(from_libfuse);
}
