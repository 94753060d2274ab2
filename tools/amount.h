/* SPDX-License-Identifier: MIT */
/* Amounts of memory such as "8G": parsing and printing. */
#ifndef AMOUNT_H
#define AMOUNT_H

#include <stdint.h>

/*
 * Parses a number of bytes, decimal or hexadecimal (0x), or a decimal or
 * hexadecimal number with a unit: K, M, G, T or KiB, MiB ..., which are powers
 * of 1024. Returns -EINVAL if text is not an amount, -ERANGE if it is too
 * large.
 */
int amount_parse(const char *text, uint64_t *bytes);

#define AMOUNT_TEXT 24
/* "8G", "1.5M", "512B": about three digits, rounded down. */
const char *amount_text(uint64_t bytes, char text[AMOUNT_TEXT]);
/* The exact amount, as amount_parse() accepts it: "1536M". */
const char *amount_exact(uint64_t bytes, char text[AMOUNT_TEXT]);

#endif
