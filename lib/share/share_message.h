/* SPDX-License-Identifier: MIT */
/* Tells the user what was not redirected, and how that is mended. */
#ifndef SHARE_MESSAGE_H
#define SHARE_MESSAGE_H

/*
 * Writes "msharefs: COMMAND[PID]: " and one line, to standard error or to the
 * file that $MSHAREFS_SHARE_LOG names. Uses no stream of the program's.
 */
__attribute__((format(printf, 1, 2))) void share_say(const char *format, ...);

#endif
