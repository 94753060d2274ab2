/* SPDX-License-Identifier: MIT */
/* Amounts of memory, as people write and read them. */
#ifndef AMOUNT_H
#define AMOUNT_H

#include <stdint.h>

/*
 * A number of bytes, decimal or 0x and hexadecimal, or one with a unit: K, M,
 * G, T or KiB, MiB ...: powers of 1024. -EINVAL: not one; -ERANGE: too large.
 */
int amount_parse(const char *text, uint64_t *bytes);

#define AMOUNT_TEXT 24
/* "8G", "1.5M", "512B": three digits or so, never more than there is. */
const char *amount_text(uint64_t bytes, char text[AMOUNT_TEXT]);
/* The same without loss, as amount_parse() takes it: "1536M". */
const char *amount_exact(uint64_t bytes, char text[AMOUNT_TEXT]);

#endif
