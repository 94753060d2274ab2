/* SPDX-License-Identifier: MIT */
/* Prints msharectl's messages. */
#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "utf8.h"

static void (*before)(void);

void message_prepare(void (*prepare)(void))
{
	before = prepare;
}

/*
 * Paths are in messages, and a name may hold what a terminal obeys: another
 * user may have chosen it.
 */
static void print_printable(const char *format, va_list args)
{
	char *text = NULL, *printable = NULL;

	if (vasprintf(&text, format, args) >= 0)
		printable = utf8_printable(text);
	else
		text = NULL;
	fputs(printable ? printable : "out of memory", stderr);
	free(printable);
	free(text);
}

static void print_message(const char *verb, const char *format, va_list args)
{
	void (*prepare)(void) = before;

	before = NULL;
	if (prepare)
		prepare();
	fflush(stdout);
	fprintf(stderr, "msharectl%s%s: ", verb ? " " : "", verb ? verb : "");
	print_printable(format, args);
	fputc('\n', stderr);
}

void message(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(NULL, format, args);
	va_end(args);
}

int message_error(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(NULL, format, args);
	va_end(args);
	return status;
}

int message_usage_error(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (format)
		print_message(verb, format, args);
	va_end(args);
	fprintf(stderr, "See 'msharectl %s --help'.\n", verb);
	return EX_USAGE;
}

int message_exit_status(int err)
{
	switch (-err) {
	case 0:
		return EX_OK;
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return EX_NOINPUT;
	case ENOTCONN:
	case ECONNABORTED:
	case ENODEV:
	case ENOTTY:
	case ENXIO:
		return EX_UNAVAILABLE;
	case EEXIST:
		return EX_CANTCREAT;
	case EINVAL:
	case ERANGE:
		return EX_DATAERR;
	case EAGAIN:
	case EBUSY:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
	case EDQUOT:
		return EX_TEMPFAIL;
	default:
		return EX_OSERR;
	}
}
