/* SPDX-License-Identifier: MIT */
/* File names are bytes; JSON is UTF-8; terminals obey control characters. */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/*
 * Copies text as UTF-8, for free(): invalid bytes become \xff, as libsmartcols
 * writes them. NULL: out of memory.
 */
char *utf8_from(const char *text);
/* The same, and also control characters become \x1b, so that it is one line. */
char *utf8_printable(const char *text);
/* Terminates an array, and replaces in it what is not printable by "?". */
void utf8_make_printable(char *text, size_t size);

#endif
