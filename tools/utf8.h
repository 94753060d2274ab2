/* SPDX-License-Identifier: MIT */
/* Names of files are bytes; what JSON holds is UTF-8. */
#ifndef UTF8_H
#define UTF8_H

/*
 * text as UTF-8, for free(): bytes of it that are none are written \xff, as
 * tables write them. NULL: out of memory.
 */
char *utf8_from(const char *text);

#endif
