/* SPDX-License-Identifier: MIT */
/* Turns bytes into valid or printable UTF-8. */
#include "utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The length in bytes of the character at s; 0 if it is not valid (RFC 3629).
 */
static size_t length_at(const unsigned char *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80		   ? 1
		   : (s[0] & 0xe0) == 0xc0 ? 2
		   : (s[0] & 0xf0) == 0xe0 ? 3
		   : (s[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	uint32_t c = n > 1 ? s[0] & (0x7fU >> n) : s[0];

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0; /* also the NUL at the end */
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n && (c < least[n] || c > 0x10ffff || (c >> 11) == 0x1b))
		return 0; /* overlong, too large, or a surrogate */
	return n;
}

/* The same, but 0 also for a control character. */
static size_t printable_at(const unsigned char *s)
{
	const size_t n = length_at(s);

	if (n == 1 && (*s < ' ' || *s == 0x7f))
		return 0;
	return n == 2 && s[0] == 0xc2 && s[1] < 0xa0 ? 0 : n;
}

static char *copy(const char *text, size_t (*valid_at)(const unsigned char *s))
{
	const unsigned char *from = (const unsigned char *)text;
	char *out = malloc(strlen(text) * 4 + 1);
	char *to = out;

	while (out && *from) {
		size_t n = valid_at(from);

		if (n) {
			memcpy(to, from, n);
			to += n;
			from += n;
		} else {
			to += sprintf(to, "\\x%02x", *from++);
		}
	}
	if (out)
		*to = 0;
	return out;
}

char *utf8_from(const char *text)
{
	return copy(text, length_at);
}

char *utf8_printable(const char *text)
{
	return copy(text, printable_at);
}

void utf8_make_printable(char *text, size_t size)
{
	unsigned char *at = (unsigned char *)text;

	text[size - 1] = 0;
	while (*at) {
		const size_t n = printable_at(at);

		if (!n)
			*at = '?';
		at += n ? n : 1;
	}
}
