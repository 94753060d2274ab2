/* SPDX-License-Identifier: MIT */
/*
 * msharectl doctor: checks every requirement and prints how to fix it
 * (msharectl.h)
 */
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
#define MARGIN 23 /* the column in which the findings start */

struct check {
	const char *name;
	doctor_check *run;
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
	fprintf(to, "Usage: msharectl doctor [--json] [MOUNT]\n"
		    "Checks everything that msharefs needs, by trying it, and "
		    "prints how to fix what\n"
		    "is missing. It changes nothing. MOUNT is checked instead "
		    "of the default mount.\n"
		    "\n"
		    "  -J, --json   print JSON\n"
		    "  -h, --help   show this help\n"
		    "\n"
		    "The exit status is 0 if page tables can be shared here, "
		    "else 1.\n"
		    "\n"
		    "Example: msharectl doctor\n"
		    "         msharectl doctor /sys/fs/mshare\n");
}

/* Text */

/* Prints text in lines that start at MARGIN; at is the current column. */
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

/* The command stays on one line, so that it can be copied. */
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
		printf("\n"
		       "Page tables cannot be shared here: fix what is "
		       "missing, from the top.\n");
	else if (counts[DOCTOR_DEGRADED])
		printf("\n"
		       "Page tables can be shared here, but not everything "
		       "works.\n");
	else
		printf("\n"
		       "No problems found: page tables can be shared here.\n");
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
	[COLUMN_CHECK] = {"check", COLUMN_TEXT, "the requirement"},
	[COLUMN_STATE] = {"state", COLUMN_TEXT, "ok, degraded or missing"},
	[COLUMN_FOUND] = {"found", COLUMN_TEXT, "what was found"},
	[COLUMN_MEND] = {"mend", COLUMN_TEXT, "the command that fixes it"},
	[COLUMN_AS_ROOT] = {"as_root", COLUMN_YES_NO,
			    "whether root must run it"},
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

/* Text and JSON */

/*
 * Runs all checks. table: for JSON, or NULL for text. Returns the exit status.
 */
static int examine(const char *mount, struct table *table)
{
	unsigned int counts[DOCTOR_MISSING + 1] = {0};
	int status = EX_OK;

	for (size_t i = 0; i < N_CHECKS; i++) {
		struct finding f = {.state = DOCTOR_OK};

		checks[i].run(&f, mount);
		counts[f.state]++;
		if (table)
			add_line(table, &checks[i], &f);
		else
			print_finding(&checks[i], &f);
		fflush(stdout); /* the next check may take some time */
	}
	if (table)
		status = table_end(table, NULL);
	else
		print_closing(counts);
	if (status != EX_OK)
		return status;
	if (fflush(stdout) || ferror(stdout))
		return message_error(EX_IOERR,
				     "doctor: cannot write the output: %s",
				     strerror(errno));
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
			return EX_USAGE; /* getopt_long() has printed why */
		}
	}
	if (argc - optind > 1)
		return message_usage_error("doctor", "give at most one MOUNT");
	status = json ? begin_json(&table) : EX_OK;
	if (status != EX_OK)
		return status;
	return examine(argv[optind], json ? &table : NULL);
}
