/* SPDX-License-Identifier: MIT */
/* The error that a call of libmshare reports: errno, and mshare_error(). */
#ifndef LAST_ERROR_H
#define LAST_ERROR_H

/*
 * Sets the reason and the remedy for the fail() that follows. err is positive.
 * Returns -err.
 */
__attribute__((format(printf, 2, 3))) int set_reason(int err,
						     const char *format, ...);

/*
 * Converts a result for the caller. err: 0 or -errno. call: the name of the
 * call; format: what it was called on. Returns 0; or -1 with errno and the line
 * of mshare_error() set.
 */
__attribute__((format(printf, 3, 4))) int fail(int err, const char *call,
					       const char *format, ...);

#endif
