/* SPDX-License-Identifier: MIT */
/* Walks a mount and asks the daemon about each region. */
#include "region_list.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "messages.h"
#include "daemon_status.h"

#define ENTRY 8	   /* bytes of a page-table entry */
#define TABLE 4096 /* bytes of a page table */
#define SMALL 4096 /* the base page that private tables would map */

uint64_t region_list_saved(const struct mshare_status_mount *mount,
			   const struct mshare_status_region *region,
			   uint64_t own_units)
{
	/* Lazy memory that no process has touched needs no tables either. */
	uint64_t used = region->present < region->mapped ? region->present
							 : region->mapped;
	uint64_t without = region->windows * (used / SMALL * ENTRY);
	uint64_t now;

	if (mount->unit)
		now = own_units * TABLE +
		      (used + mount->unit - 1) / mount->unit * TABLE;
	else
		now = region->windows * (used / mount->page * ENTRY);
	return now < without ? without - now : 0;
}

/*
 * Counts the units of all windows whose tables are private. Returns 0 or
 * -errno.
 */
static int own_units(int fd, const struct mshare_status_region *region,
		     uint64_t *n)
{
	struct daemon_status_windows windows;
	int err;

	*n = 0;
	if (!region->windows)
		return 0;
	err = daemon_status_windows(fd, &windows);
	for (size_t i = 0; i < windows.n; i++)
		*n += windows.v[i].own_units;
	free(windows.v);
	return err;
}

/*
 * Reads what the daemon knows. Returns 0 or -errno; a region that the caller
 * may not open stays unknown.
 */
static int inspect(struct region_entry *region, const char *path,
		   const struct mshare_status_mount *mount)
{
	int err, fd = target_try_open(path, TARGET_INSPECT);
	uint64_t own;

	if (fd < 0)
		return fd == -EACCES ? 0 : fd;
	err = daemon_status_region(fd, &region->info);
	if (!err)
		err = own_units(fd, &region->info, &own);
	close(fd);
	if (err)
		return err;
	region->known = true;
	region->saved = region_list_saved(mount, &region->info, own);
	return 0;
}

static int add_region(struct region_list *regions, const FTSENT *entry,
		      const char *name, const struct mshare_status_mount *mount)
{
	struct region_entry region = {.st = *entry->fts_statp};
	struct region_entry *grown;
	int err = inspect(&region, entry->fts_accpath, mount);

	if (err == -ENOENT)
		return 0; /* it has just been removed */
	if (err)
		return target_status_error(entry->fts_path, err);
	region.name = strdup(name);
	grown = reallocarray(regions->v, regions->n + 1, sizeof(*regions->v));
	if (grown)
		regions->v = grown;
	if (!grown || !region.name) {
		free(region.name);
		return message_error(EX_OSERR, "out of memory");
	}
	regions->v[regions->n++] = region;
	return EX_OK;
}

static int add_entry(struct region_list *regions, const FTSENT *entry,
		     const struct target *target,
		     const struct mshare_status_mount *mount, bool quiet)
{
	const char *name = entry->fts_path + strlen(target->mount);

	name += *name == '/';
	switch (entry->fts_info) {
	case FTS_F:
		if (!strcmp(name, "mshare_info"))
			return EX_OK;
		return add_region(regions, entry, name, mount);
	case FTS_DNR:
	case FTS_ERR:
		if (!quiet)
			message("%s: %s: its contents are not listed",
				entry->fts_path, strerror(entry->fts_errno));
		return EX_OK;
	case FTS_NS:
		if (entry->fts_errno == ENOENT)
			return EX_OK;
		return target_status_error(entry->fts_path, -entry->fts_errno);
	default:
		return EX_OK;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int region_list_read(struct region_list *regions, const struct target *target,
		     const struct mshare_status_mount *mount, bool quiet)
{
	char *const paths[] = {target->path, NULL};
	int status = EX_OK;
	FTSENT *entry;
	FTS *fts;

	*regions = (struct region_list){0};
	fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, by_name);
	if (!fts)
		return message_error(EX_OSERR, "%s: %s", target->path,
				     strerror(errno));
	while (status == EX_OK && (errno = 0, entry = fts_read(fts)))
		status = add_entry(regions, entry, target, mount, quiet);
	if (status == EX_OK && errno)
		status = message_error(EX_OSERR, "%s: %s", target->path,
				       strerror(errno));
	fts_close(fts);
	if (status != EX_OK)
		region_list_free(regions);
	return status;
}

void region_list_free(struct region_list *regions)
{
	for (size_t i = 0; i < regions->n; i++)
		free(regions->v[i].name);
	free(regions->v);
	*regions = (struct region_list){0};
}

const char *region_entry_state(const struct region_entry *region)
{
	if (!region->known)
		return "denied";
	if (region->info.flags & MSHARE_REGION_ENDED)
		return "ended";
	return region->info.size ? "ok" : "unsized";
}
