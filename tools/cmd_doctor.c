/* SPDX-License-Identifier: MIT */
/* msharectl doctor: every requirement in turn, and what mends it. */
#include "msharectl.h"

#include <errno.h>
#include <getopt.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "doctor.h"

#define WIDTH 80
#define MARGIN 23 /* where what was found begins */

struct check {
	const char *name;
	doctor_check *look;
};

static const struct check checks[] = {
	{"/dev/fuse", doctor_dev_fuse},
	{"fusermount3", doctor_fusermount},
	{"pool", doctor_pool},
	{"cgroup", doctor_cgroup},
	{"hugetlbfs", doctor_hugetlbfs},
	{"sharing", doctor_sharing},
	{"userfaultfd", doctor_userfaultfd},
	{"namespaces", doctor_namespaces},
	{"descriptors", doctor_descriptors},
	{"mappings", doctor_mappings},
	{"limits", doctor_limits},
	{"preload", doctor_preload},
	{"daemon", doctor_daemon},
	{"mount", doctor_mount},
};

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

static const char *const states[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_DEGRADED] = "degraded",
	[DOCTOR_MISSING] = "missing",
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl doctor [--json] [MOUNT]\n"
		"Looks at everything that msharefs needs, tries it, and says "
		"what mends it.\n"
		"Changes nothing. MOUNT is a mount to look at, instead of the "
		"default one.\n"
		"\n"
		"  -J, --json   in JSON\n"
		"  -h, --help   this text\n"
		"\n"
		"The exit status is 0 if page tables can be shared here, else "
		"1.\n"
		"\n"
		"Example: msharectl doctor\n"
		"         msharectl doctor /sys/fs/mshare\n");
}

/* Text */

/* Words that go on at MARGIN; at is where the line has got to. */
static void print_words(const char *text, size_t at)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (at > MARGIN && at + 1 + n > WIDTH) {
			printf("\n%*s", MARGIN, "");
			at = MARGIN;
		} else if (at > MARGIN) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, text);
		at += n;
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

/* The command stays whole, to be copied. */
static void print_finding(const struct check *check, const struct finding *f)
{
	printf("%-9s %-12s ", states[f->state], check->name);
	print_words(f->found, MARGIN);
	if (*f->mend)
		printf("  %s%s\n", f->as_root && geteuid() ? "as root: " : "",
		       f->mend);
}

static void print_closing(const unsigned int counts[])
{
	if (counts[DOCTOR_MISSING])
		printf("\nPage tables cannot be shared here: mend what is "
		       "missing, from the top.\n");
	else if (counts[DOCTOR_DEGRADED])
		printf("\nPage tables can be shared here, but not all works.\n");
	else
		printf("\nAll is well: page tables can be shared here.\n");
}

/* JSON */

static int add_columns(struct libscols_table *table)
{
	static const char *const names[] = {"check", "state", "found", "mend",
					    "as_root"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct libscols_column *column =
			scols_table_new_column(table, names[i], 0, 0);

		if (!column || scols_column_set_json_type(
				       column, i == 4 ? SCOLS_JSON_BOOLEAN
						      : SCOLS_JSON_STRING))
			return -ENOMEM;
	}
	return 0;
}

static int add_line(struct libscols_table *table, const struct check *check,
		    const struct finding *f)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line || scols_line_set_data(line, 0, check->name) ||
	    scols_line_set_data(line, 1, states[f->state]) ||
	    scols_line_set_data(line, 2, f->found) ||
	    scols_line_set_data(line, 3, *f->mend ? f->mend : NULL) ||
	    scols_line_set_data(line, 4, f->as_root ? "1" : "0"))
		return -ENOMEM;
	return 0;
}

/* What all have in common */

static struct libscols_table *new_table(void)
{
	struct libscols_table *table = scols_new_table();

	if (table &&
	    (scols_table_enable_json(table, 1) ||
	     scols_table_set_name(table, "doctor") || add_columns(table))) {
		scols_unref_table(table);
		return NULL;
	}
	return table;
}

/* table: for JSON, or NULL */
static int examine(const char *mount, struct libscols_table *table)
{
	unsigned int counts[DOCTOR_MISSING + 1] = {0};
	int err = 0;

	for (size_t i = 0; i < N_CHECKS && !err; i++) {
		struct finding f = {.state = DOCTOR_OK};

		checks[i].look(&f, mount);
		counts[f.state]++;
		if (table)
			err = add_line(table, &checks[i], &f);
		else
			print_finding(&checks[i], &f);
		fflush(stdout); /* the next one may take its time */
	}
	if (!table)
		print_closing(counts);
	else if (!err)
		err = scols_print_table(table);
	if (err) {
		fprintf(stderr, "msharectl: doctor: %s\n", strerror(ENOMEM));
		return EX_OSERR;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "msharectl: doctor: writing: %s\n",
			strerror(errno));
		return EX_IOERR;
	}
	return counts[DOCTOR_MISSING] ? 1 : 0;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'J'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct libscols_table *table = NULL;
	bool json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "Jh", options, NULL)) != -1) {
		switch (c) {
		case 'J':
			json = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EX_USAGE; /* getopt said why */
		}
	}
	if (argc - optind > 1) {
		fprintf(stderr, "msharectl: doctor: give one mount, or none\n");
		return EX_USAGE;
	}
	if (json && !(table = new_table())) {
		fprintf(stderr, "msharectl: doctor: %s\n", strerror(ENOMEM));
		return EX_OSERR;
	}
	status = examine(argv[optind], table);
	scols_unref_table(table);
	return status;
}
