/* SPDX-License-Identifier: MIT */
/* Composes the line that mshare_error() returns. */
#include "api/last_error.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon_gone.h"
#include "common/export.h"
#include <mshare.h>

struct said {
	char line[1024];
	char reason[640];
	int reason_of; /* the error that the reason belongs to; 0: none */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit; /* of a thread */

/*
 * Only a pointer, as little thread-local memory is left for libraries that are
 * loaded late, and sigbus.c needs some of it.
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

/* The calling thread's; NULL: out of memory. */
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

int set_reason(int err, const char *format, ...)
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

/* The reason if no caller set one; NULL: the error speaks for itself. */
static const char *usual_reason(int err)
{
	static const struct {
		int err;
		const char *reason;
	} reasons[] = {
		{ENOMEM,
		 "huge pages, address space or mappings (vm.max_map_count) are "
		 "used up; msharectl doctor shows the state of the pool"},
		{EDQUOT,
		 "this user has reached a quota of the mount, which its log "
		 "names and msharefs(8) explains"},
		{EMFILE, "close some, or raise the limit (ulimit -n)"},
		{EINTR, "a signal interrupted it; nothing has changed"},
		{EIO,
		 "its daemon is gone, or out of reach because this process is "
		 "in another network namespace"},
		{ENOTCONN,
		 "its daemon is gone; unmount it (fusermount3 -u -z DIR) and "
		 "mount it again"},
		{EPERM, "not permitted here (on a mount with -o require=guard "
			"the process must be able to use userfaultfd)"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].err == err)
			return reasons[i].reason;
	return NULL;
}

/* Names may contain any character, but the message must stay one line. */
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

int fail(int err, const char *call, const char *format, ...)
{
	struct said *w = err ? words() : said;
	va_list args;

	if (daemon_is_gone(-err))
		err = -ENOTCONN; /* the manual pages promise one error */
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

EXPORT const char *mshare_error(void)
{
	return said && said->line[0] ? said->line
				     : "no call has failed in this thread";
}
