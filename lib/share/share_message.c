/* SPDX-License-Identifier: MIT */
/* Formats a line and writes it by system calls. */
#include "share/share_message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/syscalls.h"

/* A program that asks again and again would fill a log. */
#define MOST_LINES 20

void share_say(const char *format, ...)
{
	static atomic_uint lines;
	const char *path = secure_getenv("MSHAREFS_SHARE_LOG");
	char line[1024];
	va_list args;
	long fd = 2;
	int n, more;

	if (atomic_fetch_add(&lines, 1) >= MOST_LINES)
		return;
	n = snprintf(line, sizeof(line),
		     "msharefs: %s[%ld]: ", program_invocation_short_name,
		     SYS_CALL(SYS_getpid));
	va_start(args, format);
	more = vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	va_end(args);
	n = more < (int)sizeof(line) - n ? n + more : (int)sizeof(line) - 1;
	if (path && *path)
		fd = SYS_CALL(SYS_openat, AT_FDCWD, path,
			      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* Nothing is left to tell it to if that fails. */
	(void)SYS_CALL(SYS_write, fd, line, n);
	if (fd != 2)
		sys_close((int)fd);
}
