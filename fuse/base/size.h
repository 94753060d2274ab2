/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people write them: a number and K, M, G or T (powers of 1024), with
 * "iB" behind it or without.
 */
#ifndef SIZE_H
#define SIZE_H

#include <stdint.h>

/* -EINVAL: not a size; -ERANGE: does not fit 64 bits. */
int size_parse(const char *text, uint64_t *bytes);

#define SIZE_TEXT 32
/* "2 MiB", "1 GiB", "4096 bytes": the largest unit that divides it. */
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);

#endif
