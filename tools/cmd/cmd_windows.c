/* SPDX-License-Identifier: MIT */
/* msharectl windows: who has a region, and whether they share page tables. */
#include "msharectl.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "process_info.h"
#include "prot.h"
#include "messages.h"
#include "daemon_status.h"
#include "table.h"
#include "resolve_target.h"

enum {
	PID,
	COMMAND,
	USER,
	ADDRESS,
	KIND,
	TABLES,
	WHY,
	GUARDED,
	REACHED,
	MISSED,
	UNITS,
	OWN,
	PROT,
	ID,
};

static const struct column columns[] = {
	[PID] = {"PID", COLUMN_NUMBER, "the process"},
	[COMMAND] = {"COMMAND", COLUMN_TEXT, "its name"},
	[USER] = {"USER", COLUMN_TEXT, "whose process it is"},
	[ADDRESS] = {"ADDRESS", COLUMN_ADDRESS, "where it has the region"},
	[KIND] = {"KIND", COLUMN_TEXT, "writable, read-only or no-access"},
	[TABLES] = {"TABLES", COLUMN_TEXT,
		    "page tables: shared, part (some are its own), own"},
	[WHY] = {"WHY", COLUMN_TEXT, "why they are not shared"},
	[GUARDED] = {"GUARDED", COLUMN_YES_NO, "do holes fault in it"},
	[REACHED] = {"REACHED", COLUMN_YES_NO,
		     "can the daemon change its protection"},
	[MISSED] = {"MISSED", COLUMN_YES_NO,
		    "did it miss a change of protection"},
	[UNITS] = {"UNITS", COLUMN_NUMBER, "page tables of the shared level"},
	[OWN] = {"OWN", COLUMN_NUMBER, "how many of them are its own"},
	[PROT] = {"PROT", COLUMN_TEXT, "what it was mapped for"},
	[ID] = {"ID", COLUMN_NUMBER, "ascending as they were made"},
	{0},
};

#define DEFAULTS "PID,COMMAND,USER,ADDRESS,KIND,TABLES,WHY"

static const char *const reasons[] = {
	[MSHARE_NOT_BACKING] = "ordinary memory",
	[MSHARE_NOT_READ_ONLY_FILE] = "file opened read-only",
	[MSHARE_NOT_PROTECTED] = "protected parts",
	[MSHARE_NOT_ALIGNED] = "address not aligned",
	[MSHARE_NOT_KERNEL] = "kernel does not share",
};

#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl windows [options] FILE\n"
		"Lists the processes that have mapped a region, and whether "
		"their page tables\n"
		"are shared; if not, why. What to do about that is in "
		"msharectl-windows(1).\n"
		"\n");
	table_help(to, columns);
	fprintf(to, "Default: " DEFAULTS "\n"
		    "\n"
		    "Examples: msharectl windows ~/mshare/region\n"
		    "          msharectl windows -o +GUARDED,REACHED,MISSED "
		    "~/mshare/region\n"
		    "          msharectl windows -n -o PID ~/mshare/region\n");
}

static const char *kind(uint32_t prot)
{
	if (prot & PROT_WRITE)
		return "writable";
	return prot & (PROT_READ | PROT_EXEC) ? "read-only" : "no-access";
}

static const char *tables(const struct mshare_status_window *w)
{
	if (w->why == MSHARE_SHARES)
		return "shared";
	return w->own_units < w->units ? "part" : "own";
}

/* In another PID namespace than the daemon's, its numbers mean nothing. */
static void show_process(struct table *t, pid_t pid)
{
	char name[PROCESS_NAME];
	uid_t uid;

	if (process_command(pid, name))
		table_text(t, COMMAND, name);
	if (process_user(pid, &uid))
		table_text(t, USER, process_user_name(uid, name));
}

static void show(struct table *t, const struct mshare_status_window *w,
		 bool same_namespace)
{
	char prot[PROT_TEXT];

	table_line(t);
	if (w->pid)
		table_number(t, PID, w->pid);
	if (w->pid && same_namespace)
		show_process(t, (pid_t)w->pid);
	table_number(t, ADDRESS, w->addr);
	table_text(t, KIND, kind(w->prot));
	table_text(t, TABLES, tables(w));
	if (w->why != MSHARE_SHARES)
		table_text(t, WHY,
			   w->why < N_REASONS ? reasons[w->why]
					      : "not known to this msharectl");
	table_yes_no(t, GUARDED, w->flags & MSHARE_WINDOW_GUARDED);
	table_yes_no(t, REACHED, w->flags & MSHARE_WINDOW_REACHED);
	table_yes_no(t, MISSED, w->flags & MSHARE_WINDOW_MISSED);
	table_number(t, UNITS, w->units);
	table_number(t, OWN, w->own_units);
	table_text(t, PROT, prot_text(w->prot, prot));
	table_number(t, ID, w->id);
}

/* EX_OK or after a message. */
static int read_windows(const char *file, struct status_windows *windows)
{
	int status, err, fd = where_open(file, WHERE_LOOK, &status);

	*windows = (struct status_windows){0};
	if (fd < 0)
		return status;
	err = status_windows(fd, windows);
	close(fd);
	return err ? where_no_status(file, err) : EX_OK;
}

static int list(const char *file, const struct table_options *options)
{
	struct mshare_status_mount mount;
	struct status_windows windows = {0};
	struct where where;
	struct table t;
	bool same;
	int status = where_find(&where, file);

	if (status != EX_OK)
		return status;
	status = where_status(&where, &mount);
	where_end(&where);
	if (status == EX_OK)
		status = read_windows(file, &windows);
	if (status == EX_OK)
		status = table_begin(&t, "windows", "windows", columns,
				     DEFAULTS, options);
	if (status == EX_OK) {
		same = process_same_namespace((pid_t)mount.pid);
		for (size_t i = 0; i < windows.n; i++)
			show(&t, &windows.v[i], same);
		if (!windows.n && !options->json && isatty(STDOUT_FILENO))
			say("%s: no process has it", file);
		status = table_end(&t, NULL);
	}
	free(windows.v);
	return status;
}

int cmd_windows(int argc, char **argv)
{
	struct table_options options = {0};
	int status;

	status = table_parse(&options, "windows", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind != 1)
		return fail_usage("windows", "give one FILE, a region");
	return list(argv[optind], &options);
}
