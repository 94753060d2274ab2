/* SPDX-License-Identifier: MIT */
/* msharectl ls: lists regions and redirected memory (msharectl.h) */
#include "msharectl.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "process_info.h"
#include "redirected_list.h"
#include "region_list.h"
#include "messages.h"
#include "table.h"

enum {
	NAME,
	KIND,
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
	FAULTS,
	STATE,
	MODE,
	CHANGES,
};

static const struct column columns[] = {
	[NAME] = {"NAME", COLUMN_TEXT, "path within the mount, or anon:INODE"},
	[KIND] = {"KIND", COLUMN_TEXT, "region, or anon: redirected memory"},
	[SIZE] = {"SIZE", COLUMN_BYTES, "size of the region or memory"},
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
	[FAULTS] = {"FAULTS", COLUMN_NUMBER,
		    "page faults saved, of redirected memory"},
	[STATE] = {"STATE", COLUMN_TEXT, "ok, unsized, ended or denied"},
	[MODE] = {"MODE", COLUMN_TEXT, "mode of the file"},
	[CHANGES] = {"CHANGES", COLUMN_NUMBER,
		     "changes of its mappings so far"},
	{0},
};

#define DEFAULTS "NAME,SIZE,START,MAPPED,WINDOWS,OWNER,PAGE,SAVED,STATE"
#define DEFAULTS_OF_ALL \
	"NAME,KIND,SIZE,START,MAPPED,WINDOWS,OWNER,PAGE,SAVED,FAULTS,STATE"

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl ls [options] [MOUNT|FILE]\n"
		    "Lists the regions of a mount of msharefs, or those at or "
		    "below FILE.\n"
		    "Without MOUNT: $MSHAREFS_MOUNT, else your default mount, "
		    "else /sys/fs/mshare;\n"
		    "and, unless $MSHAREFS_MOUNT is set, redirected memory "
		    "(msharectl run --share).\n"
		    "\n");
	table_help(to, columns);
	fprintf(to, "Default: " DEFAULTS ";\n"
		    "with redirected memory also KIND and FAULTS\n"
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
	table_text(t, KIND, "region");
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

static void show_redirected(struct table *t, const struct redirected *memory)
{
	const pid_t owner = memory->windows[0].pid;
	char user[PROCESS_INFO_NAME];
	uid_t uid;

	table_line(t);
	table_text(t, NAME, memory->name);
	table_text(t, KIND, memory->kind);
	table_number(t, SIZE, memory->bytes);
	table_number(t, MAPPED, memory->mapped);
	table_number(t, PRESENT, memory->touched);
	table_number(t, WINDOWS, memory->processes);
	table_number(t, SHARING, memory->sharing);
	if (process_info_user(owner, &uid))
		table_text(t, OWNER, process_info_user_name(uid, user));
	table_number(t, PID, (uint64_t)owner);
	table_number(t, PAGE, memory->page);
	table_number(t, SAVED, memory->saved);
	table_number(t, FAULTS, memory->faults);
	table_text(t, STATE, "ok");
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

/* Returns EX_OK, or the exit status after a message. */
static int add_regions(struct table *t, const struct target *target,
		       struct mshare_status_mount *mount, size_t *shown)
{
	struct region_list regions;
	int status = target_mount_status(target, mount);

	if (status == EX_OK)
		status = region_list_read(&regions, target, mount, false);
	if (status != EX_OK)
		return status;
	for (size_t i = 0; i < regions.n; i++)
		show(t, &regions.v[i], mount->page);
	*shown = regions.n;
	region_list_free(&regions);
	return EX_OK;
}

/* target: NULL without a mount; memory: NULL without redirected memory */
static int list(const struct target *target,
		const struct redirected_list *memory,
		const struct table_options *options)
{
	const char *defaults = memory ? DEFAULTS_OF_ALL : DEFAULTS;
	struct mshare_status_mount mount;
	struct table t;
	size_t shown = 0;
	int status =
		table_begin(&t, "ls", "regions", columns, defaults, options);

	if (status != EX_OK)
		return status;
	if (target)
		status = add_regions(&t, target, &mount, &shown);
	if (status != EX_OK) {
		table_drop(&t);
		return status;
	}
	for (size_t i = 0; memory && i < memory->n; i++)
		show_redirected(&t, &memory->v[i]);
	status = table_end(&t, NULL);
	if (target && !options->json && isatty(STDOUT_FILENO))
		print_hint(target, &mount, shown);
	return status;
}

static int list_named(const char *named, const struct redirected_list *memory,
		      const struct table_options *options)
{
	struct target target;
	int status = resolve_target(&target, named);

	if (status != EX_OK)
		return status;
	status = list(&target, memory, options);
	target_close(&target);
	return status;
}

static int list_all(const struct table_options *options)
{
	struct redirected_list memory;
	int status = redirected_list_read(&memory);

	if (status != EX_OK)
		return status;
	if (memory.n && !target_has_default())
		status = list(NULL, &memory, options);
	else
		status = list_named(NULL, &memory, options);
	redirected_list_free(&memory);
	return status;
}

int cmd_ls(int argc, char **argv)
{
	struct table_options options = {0};
	int status;

	status = table_parse(&options, "ls", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind > 1)
		return message_usage_error("ls",
					   "give at most one MOUNT or FILE");
	if (target_is_unnamed(argv[optind]))
		return list_all(&options);
	return list_named(argv[optind], NULL, &options);
}
