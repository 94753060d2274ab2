/* SPDX-License-Identifier: MIT */
/* Sizes as people write them, and as they are shown. */
#include "harness/harness.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"

/* What *bytes is when nothing was written to it. */
#define UNTOUCHED 0x5a5a5a5aULL

static bool parses(const char *text, uint64_t want)
{
	uint64_t bytes = UNTOUCHED;

	return size_parse(text, &bytes) == 0 && bytes == want;
}

static bool fails(const char *text, int err)
{
	uint64_t bytes = UNTOUCHED;

	return size_parse(text, &bytes) == err && bytes == UNTOUCHED;
}

static void test_plain(void)
{
	CU_ASSERT(parses("0", 0));
	CU_ASSERT(parses("1", 1));
	CU_ASSERT(parses("4096", 4096));
	CU_ASSERT(parses("007", 7)); /* decimal, not octal */
	CU_ASSERT(parses("18446744073709551615", UINT64_MAX));
}

static void test_units(void)
{
	CU_ASSERT(parses("0T", 0));
	CU_ASSERT(parses("1K", 1ULL << 10));
	CU_ASSERT(parses("1M", 1ULL << 20));
	CU_ASSERT(parses("1G", 1ULL << 30));
	CU_ASSERT(parses("1T", 1ULL << 40));
	CU_ASSERT(parses("1k", 1ULL << 10));
	CU_ASSERT(parses("2m", 2ULL << 20));
	CU_ASSERT(parses("3g", 3ULL << 30));
	CU_ASSERT(parses("64t", 64ULL << 40));
	CU_ASSERT(parses("4KiB", 4096));
	CU_ASSERT(parses("2MiB", 2ULL << 20));
	CU_ASSERT(parses("8GiB", 8ULL << 30));
	CU_ASSERT(parses("3tiB", 3ULL << 40));
}

static void test_garbage(void)
{
	static const char *const bad[] = {
		"",	"K",	"x",	 "1x",	 "1KB",	 "1Ki",	  "1.5G",
		"1iB",	"1Kib", "1KiBs", "KiB",	 "1KIB", "1 KiB", "1KiB ",
		"0x10", "1K1",	"1KK",	 "1,5",	 "1e3",	 "1P",	  "1B",
		"one",	"G1",	"1\xff", "\xff", "1\n",	 "\n1",	  "1/2",
	};

	for (size_t i = 0; i < N_TESTS(bad); i++)
		CU_ASSERT(fails(bad[i], -EINVAL));
}

static void test_signs_and_blanks(void)
{
	static const char *const bad[] = {
		"-1",  "+1",  "-0",  "-1K", " 1",  "1 ",
		"\t1", "1 K", "1K ", " ",   "- 1", "--1",
	};

	for (size_t i = 0; i < N_TESTS(bad); i++)
		CU_ASSERT(fails(bad[i], -EINVAL));
}

static void test_overflow(void)
{
	CU_ASSERT(fails("18446744073709551616", -ERANGE));
	CU_ASSERT(fails("99999999999999999999999999", -ERANGE));
	/* The last that fits each unit, and one more. */
	CU_ASSERT(parses("18014398509481983K", UINT64_MAX - 1023));
	CU_ASSERT(fails("18014398509481984K", -ERANGE));
	CU_ASSERT(parses("17592186044415M", UINT64_MAX - ((1ULL << 20) - 1)));
	CU_ASSERT(fails("17592186044416M", -ERANGE));
	CU_ASSERT(parses("17179869183G", UINT64_MAX - ((1ULL << 30) - 1)));
	CU_ASSERT(fails("17179869184G", -ERANGE));
	CU_ASSERT(parses("16777215T", UINT64_MAX - ((1ULL << 40) - 1)));
	CU_ASSERT(fails("16777216T", -ERANGE));
	CU_ASSERT(fails("18446744073709551615T", -ERANGE));
}

static bool shows(uint64_t bytes, const char *want)
{
	char text[SIZE_TEXT];

	return size_text(bytes, text) == text && !strcmp(text, want);
}

static void test_text(void)
{
	CU_ASSERT(shows(0, "0 bytes"));
	CU_ASSERT(shows(1, "1 bytes"));
	CU_ASSERT(shows(1023, "1023 bytes"));
	CU_ASSERT(shows(1024, "1 KiB"));
	CU_ASSERT(shows(1025, "1025 bytes"));
	CU_ASSERT(shows(1536, "1536 bytes"));
	CU_ASSERT(shows(4096, "4 KiB"));
	CU_ASSERT(shows(2ULL << 20, "2 MiB"));
	CU_ASSERT(shows((2ULL << 20) + 1024, "2049 KiB"));
	CU_ASSERT(shows(1ULL << 30, "1 GiB"));
	CU_ASSERT(shows(3ULL << 40, "3 TiB"));
	CU_ASSERT(shows(1ULL << 50, "1024 TiB")); /* there is no larger unit */
	CU_ASSERT(shows(1ULL << 63, "8388608 TiB"));
}

static void test_long_text(void)
{
	CU_ASSERT(shows(UINT64_MAX - 1023, "18014398509481983 KiB"));
	CU_ASSERT(shows(UINT64_MAX, "18446744073709551615 bytes"));
}

static void test_round_trip(void)
{
	static const char units[] = "KMGT";

	for (unsigned int i = 0; i < 4; i++) {
		char given[16], text[SIZE_TEXT];
		uint64_t bytes = 0;

		snprintf(given, sizeof(given), "777%c", units[i]);
		CU_ASSERT(size_parse(given, &bytes) == 0);
		size_text(bytes, text);
		CU_ASSERT(strncmp(text, "777 ", 4) == 0);
		CU_ASSERT(text[4] == units[i]);
	}
}

static const struct test tests[] = {
	{"plain numbers", test_plain},
	{"units", test_units},
	{"garbage", test_garbage},
	{"signs and blanks", test_signs_and_blanks},
	{"too large", test_overflow},
	{"text", test_text},
	{"the longest text", test_long_text},
	{"there and back", test_round_trip},
};

int main(void)
{
	return run_tests("unit_size", tests, N_TESTS(tests));
}
