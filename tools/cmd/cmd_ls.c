/* SPDX-License-Identifier: MIT */
/* msharectl ls: the regions of a mount. */
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
	[NAME] = {"NAME", COLUMN_TEXT, "its path in the mount"},
	[SIZE] = {"SIZE", COLUMN_BYTES, "of the region"},
	[START] = {"START", COLUMN_ADDRESS,
		   "its address in every process, if one is fixed"},
	[MAPPED] = {"MAPPED", COLUMN_BYTES, "memory that is mapped in it"},
	[PRESENT] = {"PRESENT", COLUMN_BYTES, "memory that it takes"},
	[WINDOWS] = {"WINDOWS", COLUMN_NUMBER, "how many processes have it"},
	[SHARING] = {"SHARING", COLUMN_NUMBER,
		     "how many of them share page tables"},
	[OWNER] = {"OWNER", COLUMN_TEXT, "user whose file it is"},
	[PID] = {"PID", COLUMN_NUMBER, "process that it ends with"},
	[PAGE] = {"PAGE", COLUMN_BYTES, "size of a page of its memory"},
	[SAVED] = {"SAVED", COLUMN_BYTES,
		   "page tables saved, see msharectl-ls(1)"},
	[STATE] = {"STATE", COLUMN_TEXT, "ok, unsized, ended or denied"},
	[MODE] = {"MODE", COLUMN_TEXT, "of its file"},
	[CHANGES] = {"CHANGES", COLUMN_NUMBER,
		     "of its mappings, since it was made"},
	{0},
};

#define DEFAULTS "NAME,SIZE,START,MAPPED,WINDOWS,OWNER,PAGE,SAVED,STATE"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl ls [options] [MOUNT|FILE]\n"
		"Lists the regions of a mount of msharefs, or those at or "
		"below FILE.\n"
		"Without MOUNT: $MSHAREFS_MOUNT, else your default mount, else "
		"/sys/fs/mshare.\n"
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

static void show_known(struct table *t, const struct region *region)
{
	const struct mshare_status_region *status = &region->status;

	if (status->start)
		table_number(t, START, status->start);
	table_number(t, MAPPED, status->mapped);
	table_number(t, PRESENT, status->present);
	table_number(t, WINDOWS, status->windows);
	table_number(t, SHARING, status->sharing);
	if (status->owner)
		table_number(t, PID, status->owner);
	table_number(t, SAVED, region->saved);
	table_number(t, CHANGES, status->changes);
}

static void show(struct table *t, const struct region *region, uint64_t page)
{
	char user[PROCESS_NAME], mode[10];

	table_line(t);
	table_text(t, NAME, region->name);
	if (region->st.st_size)
		table_number(t, SIZE, (uint64_t)region->st.st_size);
	table_text(t, OWNER, process_user_name(region->st.st_uid, user));
	table_number(t, PAGE, page);
	table_text(t, STATE, regions_state(region));
	mode_text(region->st.st_mode, mode);
	table_text(t, MODE, mode);
	if (region->known)
		show_known(t, region);
}

/* An empty screen would leave open whether it worked. */
static void say_rest(const struct where *where,
		     const struct mshare_status_mount *mount, size_t shown)
{
	bool all = !strcmp(where->path, where->mount);

	if (all && mount->regions > shown)
		say("%s: in use without a name: %llu more; msharectl windows "
		    "/proc/PID/fd/N shows one",
		    where->path, (unsigned long long)(mount->regions - shown));
	else if (!shown)
		say("%s: no regions; msharectl create makes one", where->path);
}

static int list(const struct where *where, const struct table_options *options)
{
	struct mshare_status_mount mount;
	struct regions regions = {0};
	struct table t;
	size_t shown;
	int status =
		table_begin(&t, "ls", "regions", columns, DEFAULTS, options);

	if (status != EX_OK)
		return status;
	status = where_status(where, &mount);
	if (status == EX_OK)
		status = regions_read(&regions, where, &mount, false);
	if (status != EX_OK) {
		table_drop(&t);
		return status;
	}
	for (size_t i = 0; i < regions.n; i++)
		show(&t, &regions.v[i], mount.page);
	shown = regions.n;
	regions_free(&regions);
	status = table_end(&t, NULL);
	if (!options->json && isatty(STDOUT_FILENO))
		say_rest(where, &mount, shown);
	return status;
}

int cmd_ls(int argc, char **argv)
{
	struct table_options options = {0};
	struct where where;
	int status;

	status = table_parse(&options, "ls", argc, argv, usage);
	if (status >= 0)
		return status;
	if (argc - optind > 1)
		return fail_usage("ls", "more than one place is given");
	status = where_find(&where, argv[optind]);
	if (status != EX_OK)
		return status;
	status = list(&where, &options);
	where_end(&where);
	return status;
}
