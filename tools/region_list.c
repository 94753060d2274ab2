/* SPDX-License-Identifier: MIT */
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

#define ENTRY 8	   /* of a page table, in bytes */
#define TABLE 4096 /* a page table */
#define SMALL 4096 /* the page that tables would be of */

uint64_t regions_saved(const struct mshare_status_mount *mount,
		       const struct mshare_status_region *region,
		       uint64_t own_units)
{
	/* Lazy memory that nobody has touched has no tables either. */
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

/* 0 or -errno. */
static int own_units(int fd, const struct mshare_status_region *region,
		     uint64_t *n)
{
	struct status_windows windows;
	int err;

	*n = 0;
	if (!region->windows)
		return 0;
	err = status_windows(fd, &windows);
	for (size_t i = 0; i < windows.n; i++)
		*n += windows.v[i].own_units;
	free(windows.v);
	return err;
}

/* 0 or -errno; what may not be looked into stays unknown. */
static int look_into(struct region *region, const char *path,
		     const struct mshare_status_mount *mount)
{
	int err, fd = where_try_open(path, WHERE_LOOK);
	uint64_t own;

	if (fd < 0)
		return fd == -EACCES ? 0 : fd;
	err = status_region(fd, &region->status);
	if (!err)
		err = own_units(fd, &region->status, &own);
	close(fd);
	if (err)
		return err;
	region->known = true;
	region->saved = regions_saved(mount, &region->status, own);
	return 0;
}

static int add(struct regions *regions, const FTSENT *entry, const char *name,
	       const struct mshare_status_mount *mount)
{
	struct region region = {.st = *entry->fts_statp};
	struct region *grown;
	int err = look_into(&region, entry->fts_accpath, mount);

	if (err == -ENOENT)
		return 0; /* it has just gone */
	if (err)
		return where_no_status(entry->fts_path, err);
	region.name = strdup(name);
	grown = reallocarray(regions->v, regions->n + 1, sizeof(*regions->v));
	if (grown)
		regions->v = grown;
	if (!grown || !region.name) {
		free(region.name);
		return fail(EX_OSERR, "out of memory");
	}
	regions->v[regions->n++] = region;
	return EX_OK;
}

static int take(struct regions *regions, const FTSENT *entry,
		const struct where *where,
		const struct mshare_status_mount *mount, bool quiet)
{
	const char *name = entry->fts_path + strlen(where->mount);

	name += *name == '/';
	switch (entry->fts_info) {
	case FTS_F:
		if (!strcmp(name, "mshare_info"))
			return EX_OK;
		return add(regions, entry, name, mount);
	case FTS_DNR:
	case FTS_ERR:
		if (!quiet)
			say("%s: %s: what is in it is not shown",
			    entry->fts_path, strerror(entry->fts_errno));
		return EX_OK;
	case FTS_NS:
		if (entry->fts_errno == ENOENT)
			return EX_OK;
		return where_no_status(entry->fts_path, -entry->fts_errno);
	default:
		return EX_OK;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int regions_read(struct regions *regions, const struct where *where,
		 const struct mshare_status_mount *mount, bool quiet)
{
	char *const paths[] = {where->path, NULL};
	int status = EX_OK;
	FTSENT *entry;
	FTS *fts;

	*regions = (struct regions){0};
	fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, by_name);
	if (!fts)
		return fail(EX_OSERR, "%s: %s", where->path, strerror(errno));
	while (status == EX_OK && (errno = 0, entry = fts_read(fts)))
		status = take(regions, entry, where, mount, quiet);
	if (status == EX_OK && errno)
		status = fail(EX_OSERR, "%s: %s", where->path, strerror(errno));
	fts_close(fts);
	if (status != EX_OK)
		regions_free(regions);
	return status;
}

void regions_free(struct regions *regions)
{
	for (size_t i = 0; i < regions->n; i++)
		free(regions->v[i].name);
	free(regions->v);
	*regions = (struct regions){0};
}

const char *regions_state(const struct region *region)
{
	if (!region->known)
		return "denied";
	if (region->status.flags & MSHARE_REGION_ENDED)
		return "ended";
	return region->status.size ? "ok" : "unsized";
}
