/* SPDX-License-Identifier: MIT */
/* The scripts of rows: numbers, words, steps. */
#include "conform/conform.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 12

struct state me = {.fd = -1};

const char *answer(const char *format, ...)
{
	static __thread char text[ANSWER_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

const char *answer_of(long ret)
{
	const char *name;

	if (ret != -1)
		return "ok";
	name = strerrorname_np(errno);
	return name ? name : answer("errno %d", errno);
}

static uint64_t unit(char letter)
{
	switch (letter) {
	case 'A':
		return me.align;
	case 'H':
		return me.page;
	case 'P':
		return (uint64_t)sysconf(_SC_PAGESIZE);
	case 'S':
		return me.start;
	case 'W':
		return (uintptr_t)me.window;
	case 'T':
		return 1ULL << 63;
	case 'M':
		return UINT64_MAX;
	}
	fprintf(stderr, "a row has a bad unit: %c\n", letter);
	_exit(2);
}

/* Modulo 2^64: rows about overflow are about just that. */
uint64_t number(const char *text)
{
	uint64_t sum = 0;

	while (*text) {
		bool minus = *text == '-';
		uint64_t term = 1;

		text += *text == '-' || *text == '+';
		if (isdigit((unsigned char)*text)) {
			char *end;

			term = strtoull(text, &end, 0);
			text = end;
			if (isupper((unsigned char)*text))
				term *= unit(*text++);
		} else {
			term = unit(*text++);
		}
		sum += minus ? -term : term;
	}
	return sum;
}

const char *option(char **args, const char *key)
{
	size_t n = strlen(key);

	for (; *args; args++)
		if (!strncmp(*args, key, n) && (*args)[n] == '=')
			return *args + n + 1;
	return NULL;
}

uint64_t number_option(char **args, const char *key, uint64_t otherwise)
{
	const char *value = option(args, key);

	return value ? number(value) : otherwise;
}

bool has(char **args, const char *word)
{
	for (; *args; args++)
		if (!strcmp(*args, word))
			return true;
	return false;
}

static const struct word *find_word(const char *name)
{
	static const struct word *const all[] = {file_words, region_words,
						 window_words, process_words};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct word *w = all[i]; w->name; w++)
			if (!strcmp(w->name, name))
				return w;
	return NULL;
}

const char *run_step(const char *step)
{
	char text[ANSWER_MAX], *args[ARGS_MAX + 1] = {NULL}, *rest = text;
	const struct word *word;
	int n = 0;

	snprintf(text, sizeof(text), "%s", step);
	while (n < ARGS_MAX && (args[n] = strtok_r(rest, " ", &rest)))
		n++;
	word = n ? find_word(args[0]) : NULL;
	if (!word || n - 1 < word->least)
		return answer("the row is wrong: \"%.200s\"", step);
	errno = 0;
	return word->run(args + 1);
}

bool is_answer(const char *got, const char *expected)
{
	size_t n = strlen(got);

	for (; expected; expected = strchr(expected, '|')) {
		expected += *expected == '|';
		if (!strncmp(expected, got, n) &&
		    (!expected[n] || expected[n] == '|'))
			return true;
	}
	return false;
}

static const char *one_step(char *step, char *wrong)
{
	const char *got, *expected = "ok";
	char *is = strstr(step, " is ");

	if (is) {
		*is = 0;
		expected = is + strlen(" is ");
	}
	got = run_step(step);
	if (is_answer(got, expected))
		return NULL;
	snprintf(wrong, SCRIPT_MAX, "%s: %s instead of %s", step, got,
		 expected);
	return wrong;
}

const char *run_script(const char *script, char *wrong)
{
	char text[SCRIPT_MAX], *step, *rest = text;
	const char *failed = NULL;

	if (!script)
		return NULL;
	snprintf(text, sizeof(text), "%s", script);
	while (!failed && (step = strtok_r(rest, ";", &rest))) {
		step += strspn(step, " ");
		failed = one_step(step, wrong);
	}
	return failed;
}
