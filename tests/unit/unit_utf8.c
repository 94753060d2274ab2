/* SPDX-License-Identifier: MIT */
/* What is printed: valid UTF-8, and nothing that a terminal obeys. */
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#include "harness/harness.h"

static bool becomes(char *(*from)(const char *text), const char *text,
		    const char *wanted)
{
	char *got = from(text);
	const bool same = got && !strcmp(got, wanted);

	free(got);
	return same;
}

static void invalid_bytes_are_shown(void)
{
	CU_ASSERT(becomes(utf8_from, "a\xff\xc3\xa4", "a\\xff\xc3\xa4"));
	CU_ASSERT(becomes(utf8_from, "\xc0\x80\xc3", "\\xc0\\x80\\xc3"));
	CU_ASSERT(becomes(utf8_from, "\xed\xa0\x80", "\\xed\\xa0\\x80"));
	CU_ASSERT(becomes(utf8_printable, "\xff", "\\xff"));
}

/* JSON has its own way to write them. */
static void control_characters(void)
{
	CU_ASSERT(becomes(utf8_from, "\033[2J\n\x7f", "\033[2J\n\x7f"));
	CU_ASSERT(becomes(utf8_printable, "\033[2J\n\x7f~ ",
			  "\\x1b[2J\\x0a\\x7f~ "));
	/* U+009B does the same as ESC [. */
	CU_ASSERT(becomes(utf8_printable, "\xc2\x9b\xc2\xa0",
			  "\\xc2\\x9b\xc2\xa0"));
}

static void in_place(void)
{
	char text[] = "a\033[\xc2\x9b\xff\xc3\xa4", full[4] = "\tbc";
	char cut[] = {'a', '\xc3', '\xa4'};

	utf8_make_printable(text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "a?[???\xc3\xa4");
	full[3] = 'd';
	utf8_make_printable(full, sizeof(full));
	CU_ASSERT_STRING_EQUAL(full, "?bc");
	utf8_make_printable(cut, sizeof(cut));
	CU_ASSERT_STRING_EQUAL(cut, "a?");
}

static const struct test tests[] = {
	{"invalid bytes are shown", invalid_bytes_are_shown},
	{"control characters are shown", control_characters},
	{"an array is made printable", in_place},
};

int main(void)
{
	return run_tests("unit_utf8", tests, N_TESTS(tests));
}
