/* SPDX-License-Identifier: MIT */
/* Writes messages to stderr or syslog. */
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

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

static void write_line(int priority, const char *line)
{
	if (to_syslog)
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "msharefs: %s\n", line);
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
	write_line(priority, line);
}

/* Begins a new minute if it is time. Returns how many messages were left out.
 */
static uint64_t begin_minute(struct log_limit *limit, uint64_t allowed)
{
	uint64_t now = now_ms(), next = atomic_load(&limit->next), n;

	/* Of several threads, one does it. */
	if (now < next || !atomic_compare_exchange_strong(&limit->next, &next,
							  now + LOG_LIMIT_MS))
		return 0;
	n = atomic_exchange(&limit->n, 0);
	return n > allowed ? n - allowed : 0;
}

void log_limited(struct log_limit *limit, int priority, const char *format, ...)
{
	const uint64_t allowed = limit->burst ? limit->burst : 1;
	uint64_t more = begin_minute(limit, allowed);
	char line[LOG_LINE];
	va_list args;

	if (atomic_fetch_add(&limit->n, 1) >= allowed)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (more) {
		size_t n = strlen(line);

		snprintf(line + n, sizeof(line) - n,
			 " (%" PRIu64 " more like it before)", more);
	}
	write_line(priority, line);
}
