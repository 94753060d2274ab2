/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people write them: a number, followed by K, M, G or T (powers of
 * 1024) with or without "iB".
 */
#ifndef SIZE_H
#define SIZE_H

#include <stdint.h>

/* 0; -EINVAL: not a size; -ERANGE: does not fit into 64 bits. */
int size_parse(const char *text, uint64_t *bytes);

#define SIZE_TEXT 32
/*
 * Writes the size in the largest unit that divides it: "2 MiB", "1025 KiB",
 * "100 bytes". Returns text.
 */
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);

#endif
