/* SPDX-License-Identifier: MIT */
/* Reads MSHAREFS_SHARE, MSHAREFS_SHARE_MIN and MSHAREFS_SHARE_ONLY. */
#include "share/share_options.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "share/share_message.h"

#define DEFAULT_MIN ((size_t)64 << 20)

struct share_options share_options;

/* Takes the first word of a comma-separated list; false: there is none. */
static bool next_word(const char **list, const char **word, size_t *n)
{
	if (!*list || !**list)
		return false;
	*word = *list;
	*n = strcspn(*list, ",");
	*list += *n + ((*list)[*n] == ',');
	return true;
}

static bool is_word(const char *word, size_t n, const char *wanted)
{
	return strlen(wanted) == n && !strncmp(word, wanted, n);
}

static void read_kinds(const char *list)
{
	const char *word;
	size_t n;

	while (next_word(&list, &word, &n)) {
		if (is_word(word, n, "anon"))
			share_options.anon = true;
		else if (is_word(word, n, "require"))
			share_options.require = true;
		else
			share_say("MSHAREFS_SHARE: %.*s is not known; possible "
				  "are anon and require\n",
				  (int)n, word);
	}
	/* The default, if the list says only how. */
	share_options.anon |= share_options.require;
}

/* Bytes, or with K, M or G; false: it is no such number. */
static bool read_size(const char *text, size_t *size)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (end == text || *text == '-' || errno)
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	if (unit) {
		unsigned int shift = 10 * (unsigned int)(unit - units + 1);

		if (n > SIZE_MAX >> shift)
			return false;
		n <<= shift;
	}
	*size = n;
	return true;
}

/* Whether the list names this program. An empty list names all. */
static bool is_named(const char *list)
{
	const char *word;
	size_t n;

	if (!list || !*list)
		return true;
	while (next_word(&list, &word, &n))
		if (is_word(word, n, program_invocation_short_name))
			return true;
	return false;
}

void share_options_read(void)
{
	const char *kinds = secure_getenv("MSHAREFS_SHARE"), *min;
	int saved = errno;

	if (!kinds || !*kinds ||
	    !is_named(secure_getenv("MSHAREFS_SHARE_ONLY")))
		return;
	share_options.min = DEFAULT_MIN;
	min = secure_getenv("MSHAREFS_SHARE_MIN");
	if (min && *min && !read_size(min, &share_options.min))
		share_say("MSHAREFS_SHARE_MIN: %s is no size; it is a number "
			  "of bytes, or of K, M or G; 64M is used\n",
			  min);
	read_kinds(kinds);
	errno = saved;
}
