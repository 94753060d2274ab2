/* SPDX-License-Identifier: MIT */
/* msharectl windows: lists who has mapped a region (msharectl.h) */
#include "msharectl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "process_info.h"
#include "prot.h"
#include "messages.h"
#include "daemon_status.h"
#include "redirected_list.h"
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
	[PID] = {"PID", COLUMN_NUMBER, "process id"},
	[COMMAND] = {"COMMAND", COLUMN_TEXT, "name of the process"},
	[USER] = {"USER", COLUMN_TEXT, "user of the process"},
	[ADDRESS] = {"ADDRESS", COLUMN_ADDRESS,
		     "address of the region in the process"},
	[KIND] = {"KIND", COLUMN_TEXT, "writable, read-only or no-access"},
	[TABLES] =
		{"TABLES", COLUMN_TEXT,
		 "page tables: shared, part (some private), own (all private)"},
	[WHY] = {"WHY", COLUMN_TEXT, "why page tables are not shared"},
	[GUARDED] = {"GUARDED", COLUMN_YES_NO, "whether holes fault"},
	[REACHED] = {"REACHED", COLUMN_YES_NO,
		     "whether the daemon can change its protection"},
	[MISSED] = {"MISSED", COLUMN_YES_NO,
		    "whether it missed a change of protection"},
	[UNITS] = {"UNITS", COLUMN_NUMBER,
		   "number of page tables at the shared level"},
	[OWN] = {"OWN", COLUMN_NUMBER, "number of those that are private"},
	[PROT] = {"PROT", COLUMN_TEXT, "protection it was mapped with"},
	[ID] = {"ID", COLUMN_NUMBER, "number, in order of creation"},
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
	fprintf(to, "Usage: msharectl windows [options] FILE|anon:INODE\n"
		    "Lists the processes that have mapped a region, and "
		    "whether their page tables\n"
		    "are shared; if not, why. msharectl-windows(1) explains "
		    "what to do about it.\n"
		    "anon:INODE: memory redirected by msharectl run --share, "
		    "as msharectl ls has it.\n"
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

/* Process ids are valid here only in the PID namespace of the daemon. */
static void show_process(struct table *t, pid_t pid)
{
	char name[PROCESS_INFO_NAME];
	uid_t uid;

	if (process_info_command(pid, name))
		table_text(t, COMMAND, name);
	if (process_info_user(pid, &uid))
		table_text(t, USER, process_info_user_name(uid, name));
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
					      : "unknown to this msharectl");
	table_yes_no(t, GUARDED, w->flags & MSHARE_WINDOW_GUARDED);
	table_yes_no(t, REACHED, w->flags & MSHARE_WINDOW_REACHED);
	table_yes_no(t, MISSED, w->flags & MSHARE_WINDOW_MISSED);
	table_number(t, UNITS, w->units);
	table_number(t, OWN, w->own_units);
	table_text(t, PROT, prot_text(w->prot, prot));
	table_number(t, ID, w->id);
}

static void show_redirected(struct table *t, const struct redirected_window *w)
{
	char prot[PROT_TEXT];

	table_line(t);
	table_number(t, PID, (uint64_t)w->pid);
	show_process(t, w->pid);
	table_number(t, ADDRESS, w->start);
	table_text(t, KIND, kind(w->prot));
	table_text(t, TABLES,
		   w->units && !w->own_units ? "shared"
		   : w->own_units < w->units ? "part"
					     : "own");
	if (!w->units)
		table_text(t, WHY, reasons[MSHARE_NOT_KERNEL]);
	else if (w->own_units)
		table_text(t, WHY,
			   reasons[w->protected ? MSHARE_NOT_PROTECTED
						: MSHARE_NOT_ALIGNED]);
	table_number(t, UNITS, w->units);
	table_number(t, OWN, w->own_units);
	table_text(t, PROT, prot_text(w->prot, prot));
}

/* Returns EX_OK, or the exit status after a message. */
static int read_windows(const char *file, struct daemon_status_windows *windows)
{
	int status, err, fd = target_open(file, TARGET_INSPECT, &status);

	*windows = (struct daemon_status_windows){0};
	if (fd < 0)
		return status;
	err = daemon_status_windows(fd, windows);
	close(fd);
	return err ? target_status_error(file, err) : EX_OK;
}

static int list(const char *file, const struct table_options *options)
{
	struct mshare_status_mount mount;
	struct daemon_status_windows windows = {0};
	struct target target;
	struct table t;
	bool same;
	int status = resolve_target(&target, file);

	if (status != EX_OK)
		return status;
	status = target_mount_status(&target, &mount);
	target_close(&target);
	if (status == EX_OK)
		status = read_windows(file, &windows);
	if (status == EX_OK)
		status = table_begin(&t, "windows", "windows", columns,
				     DEFAULTS, options);
	if (status == EX_OK) {
		same = process_info_same_namespace((pid_t)mount.pid);
		for (size_t i = 0; i < windows.n; i++)
			show(&t, &windows.v[i], same);
		if (!windows.n && !options->json && isatty(STDOUT_FILENO))
			message("%s: no process has mapped this region", file);
		status = table_end(&t, NULL);
	}
	free(windows.v);
	return status;
}

static int list_memory(const struct redirected *memory,
		       const struct table_options *options)
{
	struct table t;
	int status = table_begin(&t, "windows", "windows", columns, DEFAULTS,
				 options);

	if (status != EX_OK)
		return status;
	for (size_t i = 0; i < memory->n; i++)
		show_redirected(&t, &memory->windows[i]);
	return table_end(&t, NULL);
}

static int list_redirected(const char *name,
			   const struct table_options *options)
{
	struct redirected_list memory;
	size_t i = 0;
	int status = redirected_list_read(&memory);

	if (status != EX_OK)
		return status;
	while (i < memory.n && strcmp(memory.v[i].name, name) != 0)
		i++;
	if (i < memory.n)
		status = list_memory(&memory.v[i], options);
	else
		status = message_error(
			EX_NOINPUT,
			"%s: no process that you may look into has redirected "
			"memory of this name (msharectl ls lists it); if it is "
			"a file: ./%s",
			name, name);
	redirected_list_free(&memory);
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
		return message_usage_error("windows",
					   "give one FILE, the region");
	if (redirected_is_name(argv[optind]))
		return list_redirected(argv[optind], &options);
	return list(argv[optind], &options);
}
