/* SPDX-License-Identifier: MIT */
#include "api/last_error.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include <mshare.h>

struct said {
	char line[1024];
	char reason[640];
	int reason_of; /* the error that it is about; 0: none */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit; /* of a thread */

/*
 * Each thread's own. A pointer, as thread-local memory of libraries that are
 * loaded late is scarce (and fault.c needs some).
 */
static __thread struct said *said;

static void forget(void *mine)
{
	said = NULL;
	free(mine);
}

static void make_key(void)
{
	pthread_key_create(&at_exit, forget);
}

/* NULL: there is not even memory for words. */
static struct said *words(void)
{
	if (said)
		return said;
	pthread_once(&once, make_key);
	said = calloc(1, sizeof(*said));
	if (said)
		pthread_setspecific(at_exit, said);
	return said;
}

int because(int err, const char *format, ...)
{
	struct said *w = words();
	va_list args;

	if (!w)
		return -err;
	va_start(args, format);
	vsnprintf(w->reason, sizeof(w->reason), format, args);
	va_end(args);
	w->reason_of = err;
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

static void append(struct said *w, const char *format, ...)
{
	size_t used = strlen(w->line);
	va_list args;

	va_start(args, format);
	vsnprintf(w->line + used, sizeof(w->line) - used, format, args);
	va_end(args);
}

static void compose(struct said *w, int err, const char *call,
		    const char *format, va_list args)
{
	const char *name = strerrordesc_np(err);
	const char *reason = usual_reason(err);
	char on[384];

	if (w->reason_of == err)
		reason = w->reason;
	vsnprintf(on, sizeof(on), format, args);
	w->line[0] = 0;
	append(w, "%s: %s: %s%s%s", call, on, name ? name : "unknown error",
	       reason ? ": " : "", reason ? reason : "");
	one_line(w->line);
}

int report(int err, const char *call, const char *format, ...)
{
	struct said *w = err ? words() : said;
	va_list args;

	if (err && w) {
		va_start(args, format);
		compose(w, -err, call, format, args);
		va_end(args);
	}
	if (w)
		w->reason_of = 0;
	if (err)
		errno = -err;
	return err ? -1 : 0;
}

API const char *mshare_error(void)
{
	return said && said->line[0] ? said->line
				     : "no call has failed in this thread";
}
