/* SPDX-License-Identifier: MIT */
/* msharectl ls: lists the regions of a mount (msharectl.h) */
#include "msharectl.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "process_info.h"
#include "region_list.h"
#include "messages.h"
#include "table.h"

enum {
	NAME,
	SIZE,
	START,
	MAPPED,
	PRESENT,
	WINDOWS,
	SHARING,
	OWNER,
	PID,
	PAGE,
	SAVED,
	STATE,
	MODE,
	CHANGES,
};

static const struct column columns[] = {
	[NAME] = {"NAME", COLUMN_TEXT, "path within the mount"},
	[SIZE] = {"SIZE", COLUMN_BYTES, "size of the region"},
	[START] = {"START", COLUMN_ADDRESS,
		   "fixed address in every process, if there is one"},
	[MAPPED] = {"MAPPED", COLUMN_BYTES, "mapped memory"},
	[PRESENT] = {"PRESENT", COLUMN_BYTES, "memory in use"},
	[WINDOWS] = {"WINDOWS", COLUMN_NUMBER,
		     "number of windows: processes that have mapped it"},
	[SHARING] = {"SHARING", COLUMN_NUMBER,
		     "number of windows that share page tables"},
	[OWNER] = {"OWNER", COLUMN_TEXT, "user who owns the file"},
	[PID] = {"PID", COLUMN_NUMBER, "process whose end ends the region"},
	[PAGE] = {"PAGE", COLUMN_BYTES, "page size of its memory"},
	[SAVED] = {"SAVED", COLUMN_BYTES,
		   "memory for page tables saved, see msharectl-ls(1)"},
	[STATE] = {"STATE", COLUMN_TEXT, "ok, unsized, ended or denied"},
	[MODE] = {"MODE", COLUMN_TEXT, "mode of the file"},
	[CHANGES] = {"CHANGES", COLUMN_NUMBER,
		     "changes of its mappings so far"},
	{0},
};

#define DEFAULTS "NAME,SIZE,START,MAPPED,WINDOWS,OWNER,PAGE,SAVED,STATE"

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl ls [options] [MOUNT|FILE]\n"
		    "Lists the regions of a mount of msharefs, or those at or "
		    "below FILE.\n"
		    "Without MOUNT: $MSHAREFS_MOUNT, else your default mount, "
		    "else /sys/fs/mshare.\n"
		    "\n");
	table_help(to, columns);
	fprintf(to, "Default: " DEFAULTS "\n"
		    "\n"
		    "Examples: msharectl ls\n"
		    "          msharectl ls --json ~/mshare\n"
		    "          msharectl ls -o +SHARING,PID\n");
}

static void mode_text(mode_t mode, char text[10])
{
	static const char all[] = "rwxrwxrwx";

	for (int i = 0; i < 9; i++)
		text[i] = mode & (0400 >> i) ? all[i] : '-';
	text[9] = 0;
}

static void show_known(struct table *t, const struct region_entry *region)
{
	const struct mshare_status_region *info = &region->info;

	if (info->start)
		table_number(t, START, info->start);
	table_number(t, MAPPED, info->mapped);
	table_number(t, PRESENT, info->present);
	table_number(t, WINDOWS, info->windows);
	table_number(t, SHARING, info->sharing);
	if (info->owner)
		table_number(t, PID, info->owner);
	table_number(t, SAVED, region->saved);
	table_number(t, CHANGES, info->changes);
}

static void show(struct table *t, const struct region_entry *region,
		 uint64_t page)
{
	char user[PROCESS_INFO_NAME], mode[10];

	table_line(t);
	table_text(t, NAME, region->name);
	if (region->st.st_size)
		table_number(t, SIZE, (uint64_t)region->st.st_size);
	table_text(t, OWNER, process_info_user_name(region->st.st_uid, user));
	table_number(t, PAGE, page);
	table_text(t, STATE, region_entry_state(region));
	mode_text(region->st.st_mode, mode);
	table_text(t, MODE, mode);
	if (region->known)
		show_known(t, region);
}

/* On a terminal, tells why the list is empty or incomplete. */
static void print_hint(const struct target *target,
		       const struct mshare_status_mount *mount, size_t shown)
{
	bool all = !strcmp(target->path, target->mount);

	if (all && mount->regions > shown)
		message("%s: %llu more in use without a name; to see one: "
			"msharectl windows /proc/PID/fd/N",
			target->path,
			(unsigned long long)(mount->regions - shown));
	else if (!shown)
		message("%s: no regions; msharectl create creates one",
			target->path);
}

static int list(const struct target *target,
		const struct table_options *options)
{
	struct mshare_status_mount mount;
	struct region_list regions = {0};
	struct table t;
	size_t shown;
	int status =
		table_begin(&t, "ls", "regions", columns, DEFAULTS, options);

	if (status != EX_OK)
		return status;
	status = target_mount_status(target, &mount);
	if (status == EX_OK)
		status = region_list_read(&regions, target, &mount, false);
	if (status != EX_OK) {
		table_drop(&t);
		return status;
	}
	for (size_t i = 0; i < regions.n; i++)
		show(&t, &regions.v[i], mount.page);
	shown = regions.n;
	region_list_free(&regions);
	status = table_end(&t, NULL);
	if (!options->json && isatty(STDOUT_FILENO))
		print_hint(target, &mount, shown);
	return status;
}

int cmd_ls(int argc, char **argv)
{
	struct table_options options = {0};
	struct target target;
	int status;

	status = table_parse(&options, "ls", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind > 1)
		return message_usage_error("ls",
					   "give at most one MOUNT or FILE");
	status = resolve_target(&target, argv[optind]);
	if (status != EX_OK)
		return status;
	status = list(&target, &options);
	target_close(&target);
	return status;
}
