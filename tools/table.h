/* SPDX-License-Identifier: MIT */
/*
 * Lists of verbs: tables for people, JSON or raw text for programs, with the
 * option names of util-linux.
 */
#ifndef TABLE_H
#define TABLE_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct libscols_table;
struct libscols_column;
struct libscols_line;

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_BYTES,	/* "8G"; in bytes with --bytes and in JSON */
	COLUMN_ADDRESS, /* "0x7f0000000000"; a number in JSON */
	COLUMN_YES_NO,	/* a boolean in JSON */
};

struct column {
	const char *name;
	enum column_type type;
	const char *help;
};

struct table_options {
	bool no_headings;
	bool bytes;
	bool json;
	bool raw;
	const char *columns; /* argument of --output, or NULL */
	size_t width;	     /* 0: the width of the terminal */
};

/* The options that table_option() accepts, for getopt_long(). */
#define TABLE_SHORT "nbJro:"
/* clang-format off */
#define TABLE_LONG \
	{"noheadings", no_argument, NULL, 'n'}, \
	{"bytes", no_argument, NULL, 'b'}, \
	{"json", no_argument, NULL, 'J'}, \
	{"raw", no_argument, NULL, 'r'}, \
	{"output", required_argument, NULL, 'o'}
/* clang-format on */

#define TABLE_COLUMNS 24

struct table {
	const struct column *columns;
	struct libscols_table *scols;
	struct libscols_column *shown[TABLE_COLUMNS]; /* NULL: not shown */
	struct libscols_line *line;
	struct table_options options;
	bool failed; /* out of memory */
};

/* Applies option c; returns false if it is not in TABLE_SHORT. */
bool table_option(struct table_options *options, int c, const char *arg);
/*
 * Parses the options of a verb that has no others. Returns -1 to continue with
 * the arguments after them, or the exit status after the usage or a message.
 */
int table_parse(struct table_options *options, const char *verb, int argc,
		char **argv, void (*usage)(FILE *to));
/*
 * Prints the lines of --help about options and columns; columns end with a NULL
 * name.
 */
void table_help(FILE *to, const struct column *columns);

/*
 * Starts a table. name: of the list in JSON. defaults: the columns without
 * --output. Returns EX_OK, or the exit status after a message that names the
 * verb.
 */
int table_begin(struct table *t, const char *verb, const char *name,
		const struct column *columns, const char *defaults,
		const struct table_options *options);
/*
 * Starts a line; the calls below fill it. column: an index into columns. A cell
 * that is not set is "-", or null in JSON.
 */
void table_line(struct table *t);
void table_text(struct table *t, unsigned int column, const char *text);
void table_number(struct table *t, unsigned int column, uint64_t n);
void table_yes_no(struct table *t, unsigned int column, bool yes);
/*
 * Prints the table to stdout, or to a string *text for free(), and frees it.
 * Returns EX_OK, or the exit status after a message.
 */
int table_end(struct table *t, char **text);
/* Frees the table without printing it. */
void table_drop(struct table *t);

#endif
