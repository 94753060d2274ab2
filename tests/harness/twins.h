/* SPDX-License-Identifier: MIT */
/*
 * The same calls on a tmpfs and on our mount, and what they say compared line
 * by line. A scenario is a function that is run twice, each time in a child
 * process whose working directory is new and empty, and that notes what it saw;
 * how many lines it notes must not depend on what it saw.
 */
#ifndef TWINS_H
#define TWINS_H

#include <stdbool.h>
#include <stddef.h>

/* "label: 0", or the name of the error, whatever number success was. */
void note_result(const char *label, long ret);
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define TRY(call) note_result(#call, (long)(call))

/* For notes of a child of the scenario: before it, and after it has ended. */
char *note_place(void);
void note_catch_up(char *place);

/* A difference that is msharefs's own. */
struct own {
	const char *scenario;
	const char *line;  /* fnmatch(3) pattern of what is before ": " */
	const char *tmpfs; /* and of what is behind it, */
	const char *ours;  /* there and here */
	enum {
		ALWAYS,
		AS_ROOT,
		AS_USER
	} who;
	const char *reason;
};

/* Asserts equality but for own[], each of which must be seen. */
void compare_twins(const char *scenario, void (*run)(void),
		   const struct own *own, size_t n);

/*
 * The two directories, outside of scenarios: made by twins_open(), which
 * asserts that the first one is on a tmpfs, and removed by twins_close().
 */
extern char twin_dirs[2][64];
void twins_open(void);
void twins_close(void);
/* rm -r of what is in it, whatever the modes. 0 or -1. */
int empty_directory(int dir);

#endif
