/* SPDX-License-Identifier: MIT */
/* File names are bytes; JSON is UTF-8. */
#ifndef UTF8_H
#define UTF8_H

/*
 * Copies text as UTF-8, for free(): invalid bytes become \xff, as libsmartcols
 * writes them. NULL: out of memory.
 */
char *utf8_from(const char *text);

#endif
