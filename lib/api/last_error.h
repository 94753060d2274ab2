/* SPDX-License-Identifier: MIT */
/* What a call of libmshare says when it fails: errno, and mshare_error(). */
#ifndef LAST_ERROR_H
#define LAST_ERROR_H

/*
 * Notes why, and what can be done, for the report() that will follow; err is
 * positive. Returns -err.
 */
__attribute__((format(printf, 2, 3))) int because(int err, const char *format,
						  ...);

/*
 * Of the call, on what the format says. err: 0 or -errno. Returns 0, or -1 with
 * errno and the line of mshare_error() set.
 */
__attribute__((format(printf, 3, 4))) int report(int err, const char *call,
						 const char *format, ...);

#endif
