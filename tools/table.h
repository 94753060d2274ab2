/* SPDX-License-Identifier: MIT */
/*
 * What verbs list: a table for people, or the same as JSON or raw text for
 * programs; with the options that the tools of util-linux have for it.
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
	const char *columns; /* of --output, or NULL */
	size_t width;	     /* 0: the terminal's */
};

/* For getopt_long(): what table_option() takes. */
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
	struct libscols_column *shown[TABLE_COLUMNS]; /* NULL: it is not */
	struct libscols_line *line;
	struct table_options options;
	bool failed; /* out of memory */
};

/* Whether c was one of TABLE_SHORT. */
bool table_option(struct table_options *options, int c, const char *arg);
/*
 * All options of a verb that has no others: -1 to go on with what is behind
 * them, or the status to end with, after the usage or a message.
 */
int table_parse(struct table_options *options, const char *verb, int argc,
		char **argv, void (*usage)(FILE *to));
/* Lines of --help about the options and the columns; columns end with NULL. */
void table_help(FILE *to, const struct column *columns);

/*
 * name: of the list in JSON. defaults: of --output. EX_OK, or the status to end
 * with after a message that names the verb.
 */
int table_begin(struct table *t, const char *verb, const char *name,
		const struct column *columns, const char *defaults,
		const struct table_options *options);
/* column: an index of columns. What is not set is "-", null in JSON. */
void table_line(struct table *t);
void table_text(struct table *t, unsigned int column, const char *text);
void table_number(struct table *t, unsigned int column, uint64_t n);
void table_yes_no(struct table *t, unsigned int column, bool yes);
/* To stdout, or for free() to *text; EX_OK or as table_begin(). Frees it. */
int table_end(struct table *t, char **text);
/* Frees it, without a word. */
void table_drop(struct table *t);

#endif
