/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "mshare.h"

/* Each thread's own. */
static __thread struct {
	char line[1024];
	char reason[640];
	int reason_of; /* the error that it is about; 0: none */
} said;

int because(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said.reason, sizeof(said.reason), format, args);
	va_end(args);
	said.reason_of = err;
	return -err;
}

/* Why, where nobody knew better; NULL: it needs no words. */
static const char *usual_reason(int err)
{
	static const struct {
		int err;
		const char *reason;
	} reasons[] = {
		{ENOMEM,
		 "huge pages, address space or mappings (vm.max_map_count) are "
		 "used up; msharectl doctor shows what the pool has"},
		{EMFILE, "close some, or raise the limit (ulimit -n)"},
		{EINTR, "a signal came meanwhile; nothing has changed"},
		{EIO,
		 "its daemon is gone or cannot be reached, as from another "
		 "network namespace"},
		{ENOTCONN,
		 "its daemon is gone; unmount (fusermount3 -u -z DIR) and mount "
		 "it again"},
		{EPERM, "forbidden here (on a mount with -o require=guard a "
			"process needs userfaultfd)"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].err == err)
			return reasons[i].reason;
	return NULL;
}

/* It is to stay one line, whatever is in a name. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void append(const char *format, ...)
{
	size_t used = strlen(said.line);
	va_list args;

	va_start(args, format);
	vsnprintf(said.line + used, sizeof(said.line) - used, format, args);
	va_end(args);
}

static void compose(int err, const char *call, const char *format, va_list args)
{
	const char *name = strerrordesc_np(err);
	const char *reason = usual_reason(err);
	char on[384];

	if (said.reason_of == err)
		reason = said.reason;
	vsnprintf(on, sizeof(on), format, args);
	said.line[0] = 0;
	append("%s: %s: %s%s%s", call, on, name ? name : "unknown error",
	       reason ? ": " : "", reason ? reason : "");
	one_line(said.line);
}

int report(int err, const char *call, const char *format, ...)
{
	va_list args;

	if (err) {
		va_start(args, format);
		compose(-err, call, format, args);
		va_end(args);
		errno = -err;
	}
	said.reason_of = 0;
	return err ? -1 : 0;
}

API const char *mshare_error(void)
{
	return said.line[0] ? said.line : "no call has failed in this thread";
}
