/* SPDX-License-Identifier: MIT */
#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

static void (*before)(void);

void say_after(void (*prepare)(void))
{
	before = prepare;
}

static void vsay(const char *verb, const char *format, va_list args)
{
	void (*prepare)(void) = before;

	before = NULL;
	if (prepare)
		prepare();
	fflush(stdout);
	fprintf(stderr, "msharectl%s%s: ", verb ? " " : "", verb ? verb : "");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay(NULL, format, args);
	va_end(args);
}

int fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay(NULL, format, args);
	va_end(args);
	return status;
}

int fail_usage(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (format)
		vsay(verb, format, args);
	va_end(args);
	fprintf(stderr, "msharectl %s --help says more.\n", verb);
	return EX_USAGE;
}

int status_of(int err)
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
