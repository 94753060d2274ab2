/* SPDX-License-Identifier: MIT */
/* Parses and prints amounts of memory. */
#include "amount.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char units[] = "BKMGTPE";

int amount_parse(const char *text, uint64_t *bytes)
{
	bool hexadecimal = text[0] == '0' && (text[1] | 0x20) == 'x';
	unsigned int shift = 0;
	unsigned long long n;
	const char *unit;
	char *end;

	/* strtoull() accepts signs and blanks; an amount has neither. */
	if (!isdigit((unsigned char)text[0]) ||
	    (hexadecimal && !isxdigit((unsigned char)text[2])))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, hexadecimal ? 16 : 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || (end[1] && (strcasecmp(end + 1, "iB") != 0 ||
					 unit == units)))
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units);
	}
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = (uint64_t)n << shift;
	return 0;
}

const char *amount_text(uint64_t bytes, char text[AMOUNT_TEXT])
{
	unsigned int unit = 0;
	uint64_t tenths;

	while (bytes >> (10 * unit) >= 1024)
		unit++;
	if (unit == 0) {
		snprintf(text, AMOUNT_TEXT, "%" PRIu64 "B", bytes);
		return text;
	}
	/* Rounds down, so that the text never promises more than there is. */
	tenths = (bytes >> (10 * (unit - 1))) * 10 / 1024;
	if (tenths % 10 && tenths < 1000)
		snprintf(text, AMOUNT_TEXT, "%" PRIu64 ".%" PRIu64 "%c",
			 tenths / 10, tenths % 10, units[unit]);
	else
		snprintf(text, AMOUNT_TEXT, "%" PRIu64 "%c", tenths / 10,
			 units[unit]);
	return text;
}

const char *amount_exact(uint64_t bytes, char text[AMOUNT_TEXT])
{
	unsigned int unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < sizeof(units) - 2) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, AMOUNT_TEXT, "%" PRIu64 "%c", bytes, units[unit]);
	return text;
}
