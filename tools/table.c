/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "amount.h"
#include "messages.h"
#include "utf8.h"

/* Share of the terminal that a column of text may be cut to. */
#define TEXT_SHARE 0.2

bool table_option(struct table_options *options, int c, const char *arg)
{
	switch (c) {
	case 'n':
		options->no_headings = true;
		return true;
	case 'b':
		options->bytes = true;
		return true;
	case 'J':
		options->json = true;
		return true;
	case 'r':
		options->raw = true;
		return true;
	case 'o':
		options->columns = arg;
		return true;
	default:
		return false;
	}
}

int table_parse(struct table_options *options, const char *verb, int argc,
		char **argv, void (*usage)(FILE *to))
{
	static const struct option longs[] = {
		TABLE_LONG,
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, TABLE_SHORT "h", longs, NULL)) !=
	       -1) {
		if (c == 'h') {
			usage(stdout);
			return EX_OK;
		}
		if (!table_option(options, c, optarg))
			return fail_usage(verb, NULL);
	}
	return -1;
}

void table_help(FILE *to, const struct column *columns)
{
	fprintf(to,
		"  -J, --json            print JSON; amounts are in bytes\n"
		"  -b, --bytes           print amounts in bytes\n"
		"  -n, --noheadings      print no headings\n"
		"  -r, --raw             print columns divided by one blank\n"
		"  -o, --output COLUMNS  print these, divided by commas; "
		"+COLUMNS: these too\n"
		"  -h, --help            this text\n"
		"\n"
		"Columns:\n");
	for (; columns->name; columns++)
		fprintf(to, "  %-9s %s\n", columns->name, columns->help);
}

static int json_type(enum column_type type)
{
	switch (type) {
	case COLUMN_TEXT:
		return SCOLS_JSON_STRING;
	case COLUMN_YES_NO:
		return SCOLS_JSON_BOOLEAN_OPTIONAL;
	default:
		return SCOLS_JSON_NUMBER;
	}
}

static int find_column(const struct column *columns, const char *name,
		       size_t length)
{
	for (int i = 0; columns[i].name; i++)
		if (strlen(columns[i].name) == length &&
		    !strncasecmp(columns[i].name, name, length))
			return i;
	return -1;
}

static int show_column(struct table *t, int i)
{
	const struct column *c = &t->columns[i];
	bool text = c->type == COLUMN_TEXT;
	int flags = text ? SCOLS_FL_TRUNC : 0;

	if (c->type == COLUMN_NUMBER || c->type == COLUMN_BYTES)
		flags = SCOLS_FL_RIGHT;
	if (t->shown[i])
		return 0;
	t->shown[i] = scols_table_new_column(t->scols, c->name,
					     text ? TEXT_SHARE : 0, flags);
	if (!t->shown[i])
		return -ENOMEM;
	return scols_column_set_json_type(t->shown[i], json_type(c->type));
}

/* list: names, divided by commas. Whether all are there. */
static int show_columns(struct table *t, const char *verb, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, ",");
		int i = find_column(t->columns, list, n);

		if (i < 0)
			return fail_usage(verb,
					  "--output: there is no column '%.*s'",
					  (int)n, list);
		if (show_column(t, i))
			t->failed = true;
		list += n + (list[n] == ',');
	}
	return EX_OK;
}

static int choose_columns(struct table *t, const char *verb,
			  const char *defaults)
{
	const char *wanted = t->options.columns;
	int status;

	if (wanted && (!*wanted || !strcmp(wanted, "+")))
		return fail_usage(verb, "--output: no column is given");
	if (wanted && *wanted != '+')
		return show_columns(t, verb, wanted);
	status = show_columns(t, verb, defaults);
	if (status == EX_OK && wanted)
		status = show_columns(t, verb, wanted + 1);
	return status;
}

int table_begin(struct table *t, const char *verb, const char *name,
		const struct column *columns, const char *defaults,
		const struct table_options *options)
{
	int status;

	*t = (struct table){.columns = columns, .options = *options};
	if (options->json && options->raw)
		return fail_usage(verb, "--json and --raw exclude each other");
	t->scols = scols_new_table();
	if (!t->scols)
		return fail(EX_OSERR, "out of memory");
	scols_table_enable_noheadings(t->scols, options->no_headings);
	scols_table_enable_raw(t->scols, options->raw);
	scols_table_enable_json(t->scols, options->json);
	if (scols_table_set_name(t->scols, name))
		t->failed = true;
	if (options->width) {
		scols_table_set_termforce(t->scols, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(t->scols, options->width);
	}
	status = choose_columns(t, verb, defaults);
	if (status != EX_OK)
		scols_unref_table(t->scols);
	return status;
}

/* text: NULL for what is not known */
static void set(struct table *t, unsigned int column, const char *text)
{
	if (t->line && t->shown[column] &&
	    scols_line_set_column_data(t->line, t->shown[column], text))
		t->failed = true;
}

void table_line(struct table *t)
{
	t->line = scols_table_new_line(t->scols, NULL);
	if (!t->line)
		t->failed = true;
	for (unsigned int i = 0; t->columns[i].name && !t->options.json; i++)
		set(t, i, "-");
}

void table_text(struct table *t, unsigned int column, const char *text)
{
	char *utf8;

	if (!t->options.json) {
		set(t, column, text);
		return;
	}
	utf8 = utf8_from(text);
	if (utf8)
		set(t, column, utf8);
	else
		t->failed = true;
	free(utf8);
}

void table_number(struct table *t, unsigned int column, uint64_t n)
{
	enum column_type type = t->columns[column].type;
	char text[AMOUNT_TEXT];

	if (t->options.json || type == COLUMN_NUMBER ||
	    (type == COLUMN_BYTES && t->options.bytes)) {
		snprintf(text, sizeof(text), "%" PRIu64, n);
		set(t, column, text);
	} else if (type == COLUMN_ADDRESS) {
		snprintf(text, sizeof(text), "0x%" PRIx64, n);
		set(t, column, text);
	} else {
		set(t, column, amount_text(n, text));
	}
}

void table_yes_no(struct table *t, unsigned int column, bool yes)
{
	if (t->options.json)
		set(t, column, yes ? "1" : "0");
	else
		set(t, column, yes ? "yes" : "no");
}

int table_end(struct table *t, char **text)
{
	if (!t->failed && (text ? scols_print_table_to_string(t->scols, text)
				: scols_print_table(t->scols)))
		t->failed = true;
	scols_unref_table(t->scols);
	return t->failed ? fail(EX_OSERR, "out of memory") : EX_OK;
}

void table_drop(struct table *t)
{
	scols_unref_table(t->scols);
}
