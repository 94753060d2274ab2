/* SPDX-License-Identifier: MIT */
/* msharectl doctor: every requirement in turn, and what mends it. */
#include "msharectl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "doctor/doctor.h"
#include "messages.h"
#include "table.h"

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

enum {
	COLUMN_CHECK,
	COLUMN_STATE,
	COLUMN_FOUND,
	COLUMN_MEND,
	COLUMN_AS_ROOT,
};

static const struct column columns[] = {
	[COLUMN_CHECK] = {"check", COLUMN_TEXT, "what was looked at"},
	[COLUMN_STATE] = {"state", COLUMN_TEXT, "ok, degraded or missing"},
	[COLUMN_FOUND] = {"found", COLUMN_TEXT, "what is there or wrong"},
	[COLUMN_MEND] = {"mend", COLUMN_TEXT, "the command"},
	[COLUMN_AS_ROOT] = {"as_root", COLUMN_YES_NO, "who gives it"},
	{NULL, COLUMN_TEXT, NULL},
};

static int begin_json(struct table *table)
{
	const struct table_options options = {.json = true};

	return table_begin(table, "doctor", "doctor", columns,
			   "check,state,found,mend,as_root", &options);
}

static void add_line(struct table *table, const struct check *check,
		     const struct finding *f)
{
	table_line(table);
	table_text(table, COLUMN_CHECK, check->name);
	table_text(table, COLUMN_STATE, states[f->state]);
	table_text(table, COLUMN_FOUND, f->found);
	if (*f->mend)
		table_text(table, COLUMN_MEND, f->mend);
	table_yes_no(table, COLUMN_AS_ROOT, f->as_root);
}

/* What both have in common */

/* table: for JSON, or NULL */
static int examine(const char *mount, struct table *table)
{
	unsigned int counts[DOCTOR_MISSING + 1] = {0};
	int status = EX_OK;

	for (size_t i = 0; i < N_CHECKS; i++) {
		struct finding f = {.state = DOCTOR_OK};

		checks[i].look(&f, mount);
		counts[f.state]++;
		if (table)
			add_line(table, &checks[i], &f);
		else
			print_finding(&checks[i], &f);
		fflush(stdout); /* the next one may take its time */
	}
	if (table)
		status = table_end(table, NULL);
	else
		print_closing(counts);
	if (status != EX_OK)
		return status;
	if (fflush(stdout) || ferror(stdout))
		return fail(EX_IOERR, "doctor: writing: %s", strerror(errno));
	return counts[DOCTOR_MISSING] ? 1 : 0;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'J'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct table table;
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
	if (argc - optind > 1)
		return fail_usage("doctor", "give one mount, or none");
	status = json ? begin_json(&table) : EX_OK;
	if (status != EX_OK)
		return status;
	return examine(argv[optind], json ? &table : NULL);
}
