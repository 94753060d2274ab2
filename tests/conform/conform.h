/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: what doc/interface.md promises, row by row, for one
 * revision of the interface. It is written against libc and <linux/msharefs.h>
 * alone, so that it can be built and run where the kernel has msharefs.
 *
 * One program a revision, all of the same sources: conform_v1 is built with
 * -DREVISION=1 -DMSHAREFS_API_V1, the others with -DREVISION=2 and 3. Rows are
 * tables of data. What a row does is told in small scripts: steps with ";"
 * between them, each a word with arguments (conform_do_*.c), that answers "ok",
 * an errno's name, a value, or a signal. "STEP is ANSWER" wants another answer
 * than "ok"; "A|B" is either.
 *
 * Numbers are sums: "2A-P+1". A is the alignment, H the size of the pages that
 * memory is held in (f_bsize), P the system's page, S a free address for a v1
 * region, W where the last window is, T 2^63, M 2^64-1.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum revisions {
	V1 = 1,
	V2 = 2,
	V3 = 4,
	THIS_REVISION = 1 << (REVISION - 1),
};

/* What a row needs of the mount. */
enum needs {
	HUGE_PAGES = 1,	 /* memory in larger pages than the system's */
	SMALL_PAGES = 2, /* or not */
	OWNERSHIP = 4,	 /* regions end with their creator (section 7) */
};

/**
 * struct row - one promise
 * @name: unique in its revision
 * @before: script that makes the state
 * @call: one step: what is tried
 * @expect: what it must answer
 * @after: script that looks at what came of it
 * @revisions: those that promise it; 0: all
 * @needs: on other mounts the row does not count
 * @deviates: why msharefs differs from the posted code here, on purpose
 * @posted: what the posted code answers, wanted where the kernel has msharefs;
 *	NULL: not known, the row does not count there
 * @later: what is not built yet; the row is expected not to pass
 */
struct row {
	const char *name;
	const char *before;
	const char *call;
	const char *expect;
	const char *after;
	unsigned int revisions;
	unsigned int needs;
	const char *deviates;
	const char *posted;
	const char *later;
};

#define ROW(the_name, the_before, the_call, the_answer, ...)            \
	{                                                               \
		.name = (the_name), .before = (the_before),             \
		.call = (the_call), .expect = (the_answer), __VA_ARGS__ \
	}

struct table {
	const char *section; /* of doc/interface.md */
	const struct row *rows;
	size_t n;
};

#define TABLE(the_section, the_rows)                             \
	{                                                        \
		the_section, the_rows,                           \
			sizeof(the_rows) / sizeof((the_rows)[0]) \
	}

extern const struct table number_table, file_table, size_table, mapping_table,
	window_table, fault_table, owner_table;

/* Scripts */

/* What most rows begin with: file "r", its size, its window and a mapping */
#define FRESH "open r creat excl"
#define SIZED FRESH "; set-size S A"
#define WINDOW SIZED "; window"
#define MAPPED WINDOW "; map 0 H"

/* What a step answers; at most ANSWER_MAX bytes, until the thread's next one */
#define ANSWER_MAX 256
const char *answer(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* "ok", or the name of errno if a call has returned -1. */
const char *answer_of(long ret);

struct word {
	const char *name;
	const char *(*run)(char **args);
	int least; /* arguments */
};

/* Each ends with a name of NULL. */
extern const struct word file_words[], region_words[], window_words[],
	process_words[];

/* One step, without "is". */
const char *run_step(const char *step);
/*
 * All of them, as far as they answer what they should: NULL, or what went
 * wrong, with room for SCRIPT_MAX bytes.
 */
#define SCRIPT_MAX 1024
const char *run_script(const char *script, char *wrong);
/* Whether got is what is expected, or one of "A|B". */
bool is_answer(const char *got, const char *expected);

uint64_t number(const char *text);
/* The value of "key=value" among the arguments, else NULL. */
const char *option(char **args, const char *key);
uint64_t number_option(char **args, const char *key, uint64_t otherwise);
/* Whether the word is among the arguments. */
bool has(char **args, const char *word);

/* What steps are about; a process has its own. */
struct state {
	int fd;		/* the file opened last, or said with "use" */
	uint64_t start; /* a free aligned address: S */
	uint64_t align; /* A */
	uint64_t page;	/* H */
	char *window;	/* W */
	int saved[16];	/* "save N" and "use N" */
};
extern struct state me;

/* After exec of a "peer exec": goes on as that peer, and does not return. */
void processes_resume(void);

#endif
