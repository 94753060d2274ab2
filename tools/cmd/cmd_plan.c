/* SPDX-License-Identifier: MIT */
/* msharectl plan: prints what page tables cost (msharectl.h) */
#include "msharectl.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "amount.h"
#include "memory/hugepage_command.h"
#include "plan.h"
#include "messages.h"

struct plan {
	struct plan_ask ask;
	bool json;
	struct plan_cost costs[PLAN_KINDS];
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl plan --size SIZE --procs N [--json]\n"
		"Calculates the cost of page tables when N processes each map "
		"all of SIZE bytes\n"
		"of shared memory: for each page size, and with shared "
		"tables.\n"
		"\n"
		"  -s, --size SIZE   in bytes, or with a unit: K, M, G, T ...: "
		"512M, 8GiB, 300G\n"
		"  -p, --procs N     number of processes, 1 to %llu\n"
		"  -J, --json        print JSON, all sizes in bytes\n"
		"  -h, --help        show this help\n"
		"\n"
		"Example: msharectl plan --size 300G --procs 1500\n"
		"msharectl-plan(1) explains the calculation.\n",
		PLAN_PROCS_MAX);
}

/* Text */

static const char *times_less(const struct plan *plan, enum plan_kind kind,
			      char text[AMOUNT_TEXT])
{
	uint64_t base = plan->costs[PLAN_BASE].all;

	snprintf(text, AMOUNT_TEXT, "%" PRIu64,
		 (base + plan->costs[kind].all / 2) / plan->costs[kind].all);
	return text;
}

static int add_row(struct libscols_table *table, const struct plan *plan,
		   enum plan_kind kind)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	const struct plan_cost *c = &plan->costs[kind];
	char page[AMOUNT_TEXT + 8], text[AMOUNT_TEXT];

	if (!line)
		return -ENOMEM;
	amount_exact(c->page, page);
	if (kind == PLAN_SHARED)
		strcat(page, " shared");
	if (scols_line_set_data(line, 0, page) ||
	    scols_line_set_data(line, 1,
				c->once ? amount_text(c->once, text) : "0") ||
	    scols_line_set_data(line, 2, amount_text(c->each, text)) ||
	    scols_line_set_data(line, 3, amount_text(c->all, text)) ||
	    scols_line_set_data(line, 4, times_less(plan, kind, text)))
		return -ENOMEM;
	return 0;
}

static int print_table(const struct plan *plan)
{
	static const char *const columns[] = {"PAGES", "ONCE", "EACH PROCESS",
					      "IN ALL", "TIMES LESS"};
	struct libscols_table *table = scols_new_table();
	int err = table ? 0 : -ENOMEM;

	for (int i = 0; i < 5 && !err; i++)
		if (!scols_table_new_column(table, columns[i], 0,
					    i ? SCOLS_FL_RIGHT : 0))
			err = -ENOMEM;
	for (int kind = 0; kind < PLAN_KINDS && !err; kind++)
		err = add_row(table, plan, (enum plan_kind)kind);
	if (!err)
		err = scols_print_table(table);
	scols_unref_table(table);
	return err;
}

static int print_text(const struct plan *plan)
{
	const struct plan_cost *base = &plan->costs[PLAN_BASE];
	const struct plan_cost *huge = &plan->costs[PLAN_HUGE];
	char size[AMOUNT_TEXT], page[AMOUNT_TEXT], text[AMOUNT_TEXT];
	char command[HUGEPAGES_COMMAND];
	uint64_t pages = plan_huge_pages(&plan->ask);
	int err;

	printf("Page tables of %s, mapped completely by each of %" PRIu64
	       " processes:\n\n",
	       amount_exact(plan->ask.size, size), plan->ask.procs);
	err = print_table(plan);
	if (err)
		return err;
	printf("\n"
	       "Entries for pages of %s only, as the kernel series counts "
	       "them:\n"
	       "%s / %s x 8 bytes x %" PRIu64 " = %s.\n",
	       amount_exact(base->page, page), size, page, plan->ask.procs,
	       amount_text(base->entries, text));
	printf("\n"
	       "Shared tables need %" PRIu64 " huge pages of %s. As root, on "
	       "demand:\n%s\n",
	       pages, amount_exact(huge->page, page),
	       hugepages_command(huge->page, pages, command));
	return 0;
}

/* JSON; no value needs quoting */

static void print_json(const struct plan *plan)
{
	static const char *const names[PLAN_KINDS] = {"base", "huge", "shared",
						      "giant"};

	printf("{\n"
	       "   \"size\": %" PRIu64 ",\n"
	       "   \"procs\": %" PRIu64 ",\n"
	       "   \"huge_pages\": %" PRIu64 ",\n"
	       "   \"plan\": [",
	       plan->ask.size, plan->ask.procs, plan_huge_pages(&plan->ask));
	for (int kind = 0; kind < PLAN_KINDS; kind++) {
		const struct plan_cost *c = &plan->costs[kind];

		printf("%s{\n"
		       "         \"pages\": \"%s\",\n"
		       "         \"page\": %" PRIu64 ",\n"
		       "         \"once\": %" PRIu64 ",\n"
		       "         \"each\": %" PRIu64 ",\n"
		       "         \"all\": %" PRIu64 ",\n"
		       "         \"entries\": %" PRIu64 "\n"
		       "      }",
		       kind ? "," : "\n      ", names[kind], c->page, c->once,
		       c->each, c->all, c->entries);
	}
	printf("\n   ]\n}\n");
}

/* The command line */

static int parse_procs(const char *text, uint64_t *procs)
{
	int err;

	/* A number without a unit. */
	if (!*text || text[strspn(text, "0123456789")])
		return message_usage_error(
			"plan",
			"--procs %s: not a number; use one such as 1500", text);
	err = amount_parse(text, procs);
	if (err || *procs < 1 || *procs > PLAN_PROCS_MAX)
		return message_usage_error(
			"plan", "--procs %s: out of range; use 1 to %llu", text,
			PLAN_PROCS_MAX);
	return 0;
}

static int parse_size(const char *text, uint64_t *size)
{
	int err = amount_parse(text, size);

	if (err == -ERANGE)
		return message_usage_error(
			"plan", "--size %s: too large; use a smaller size",
			text);
	if (err || !*size)
		return message_usage_error(
			"plan",
			"--size %s: not an amount above 0; use bytes or a "
			"unit: 512M, 8GiB, 300G",
			text);
	return 0;
}

/* Returns -1 to continue, or the exit status. */
static int parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
		{"size", required_argument, NULL, 's'},
		{"procs", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'J'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, status = 0;

	while (!status &&
	       (c = getopt_long(argc, argv, "s:p:Jh", options, NULL)) != -1) {
		switch (c) {
		case 's':
			status = parse_size(optarg, &plan->ask.size);
			break;
		case 'p':
			status = parse_procs(optarg, &plan->ask.procs);
			break;
		case 'J':
			plan->json = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EX_USAGE; /* getopt_long() has printed why */
		}
	}
	if (status)
		return status;
	if (optind < argc)
		return message_usage_error(
			"plan",
			"unexpected argument %s; use --size and --procs",
			argv[optind]);
	if (!plan->ask.size || !plan->ask.procs)
		return message_usage_error(
			"plan",
			"--%s is missing; for example: msharectl plan --size "
			"300G --procs 1500",
			plan->ask.size ? "procs" : "size");
	return -1;
}

int cmd_plan(int argc, char **argv)
{
	struct plan plan = {
		.ask.page = (uint64_t)sysconf(_SC_PAGESIZE),
	};
	int status = parse(argc, argv, &plan);

	if (status >= 0)
		return status;
	for (int kind = 0; kind < PLAN_KINDS; kind++)
		if (plan_cost(&plan.ask, (enum plan_kind)kind,
			      &plan.costs[kind]))
			return message_usage_error(
				"plan",
				"the result does not fit in 64 bits; use a "
				"smaller --size or fewer --procs");
	if (plan.json)
		print_json(&plan);
	else if (print_text(&plan))
		return message_error(EX_OSERR, "out of memory");
	if (fflush(stdout) || ferror(stdout))
		return message_error(EX_IOERR,
				     "plan: cannot write the output: %s",
				     strerror(errno));
	return 0;
}
