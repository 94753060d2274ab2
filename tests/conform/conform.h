/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: what doc/interface.md promises, row by row, for one
 * revision of the interface. It is written against libc and <linux/msharefs.h>
 * alone, so that it can be built and run where the kernel has msharefs.
 *
 * The same sources build one program per revision: conform_v1 with -DREVISION=1
 * -DMSHAREFS_API_V1, the others with -DREVISION=2 and 3. Rows are tables of
 * data. What a row does is written in small scripts: steps separated by ";",
 * each a word with arguments (conform_do_*.c) that answers "ok", the name of an
 * errno, a value, or a signal. "STEP is ANSWER" expects another answer than
 * "ok"; "A|B" accepts either.
 *
 * Numbers are sums: "2A-P+1". A is the alignment, H the size of the pages that
 * hold memory (f_bsize), P the page size of the system, S a free address for a
 * v1 region, W the address of the last window, T 2^63, M 2^64-1.
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
 * struct row - one promise of the interface
 * @name: unique in its revision
 * @before: script that prepares the state
 * @call: one step: the call under test
 * @expect: what it must answer
 * @after: script that checks the result
 * @revisions: the revisions that promise it; 0: all
 * @needs: what the mount must have; elsewhere the row does not count
 * @deviates: why msharefs differs from the posted code here, on purpose
 * @posted: what the posted code answers, expected where the kernel has
 *	msharefs; NULL: unknown, so the row does not count there
 * @later: what is not built yet; until then the row must not pass
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

/* How most rows begin: file "r", its size, its window and a mapping. */
#define FRESH "open r creat excl"
#define SIZED FRESH "; set-size S A"
#define WINDOW SIZED "; window"
#define MAPPED WINDOW "; map 0 H"

/*
 * A step's answer, of at most ANSWER_MAX bytes, lasts until the thread's next.
 */
#define ANSWER_MAX 256
const char *answer(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* "ok", or the name of errno if the call returned -1. */
const char *answer_of(long ret);

struct word {
	const char *name;
	const char *(*run)(char **args);
	int least; /* number of arguments */
};

/* Each list ends with a name of NULL. */
extern const struct word file_words[], region_words[], window_words[],
	process_words[];

/* Runs one step, without its "is". */
const char *run_step(const char *step);
/*
 * Runs steps as long as they give the expected answers. Returns NULL, or wrong:
 * what went wrong, of up to SCRIPT_MAX bytes.
 */
#define SCRIPT_MAX 1024
const char *run_script(const char *script, char *wrong);
/* Returns whether got is the expected answer, or one of "A|B". */
bool is_answer(const char *got, const char *expected);

uint64_t number(const char *text);
/* Returns the value of "key=value" among the arguments, or NULL. */
const char *option(char **args, const char *key);
uint64_t number_option(char **args, const char *key, uint64_t otherwise);
/* Returns whether the word is among the arguments. */
bool has(char **args, const char *word);

/* What steps act on. Each process has its own. */
struct state {
	int fd;		/* opened last, or selected with "use" */
	uint64_t start; /* a free aligned address: S */
	uint64_t align; /* A */
	uint64_t page;	/* H */
	char *window;	/* W */
	int saved[16];	/* "save N" and "use N" */
};
extern struct state me;

/* After the exec of "peer exec": carries on as that peer. Does not return. */
void processes_resume(void);

#endif
