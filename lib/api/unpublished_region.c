/* SPDX-License-Identifier: MIT */
/* Creates, names and removes the file of a new region. */
#include "api/unpublished_region.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "api/last_error.h"
#include <mshare_ioctl.h>
#include "common/syscalls.h"

static int open_at(int dir, const char *name, int flags, mode_t mode)
{
	return (int)SYS_CALL(SYS_openat, dir, name, flags | O_CLOEXEC, mode);
}

static int unlink_at(int dir, const char *name, int flags)
{
	return (int)SYS_CALL(SYS_unlinkat, dir, name, flags);
}

static void find_name(char *name, size_t size)
{
	uint64_t bits = 0;

	SYS_CALL(SYS_getrandom, &bits, sizeof(bits), 0);
	snprintf(name, size, ".mshare-%016" PRIx64, bits);
}

static int cannot_make(int err)
{
	return err != -EACCES && err != -EROFS
		       ? err
		       : set_reason(-err, "no file may be made in the mount");
}

static int open_first(struct unpublished_region *region, int mount)
{
	*region = (struct unpublished_region){
		.mount = mount, .fd = -1, .dir = -1};
	find_name(region->hidden, sizeof(region->hidden));
	region->fd = open_at(mount, region->hidden,
			     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	return region->fd < 0 ? cannot_make(region->fd) : 0;
}

/* A file that will have no name: it has one for a moment only. */
static int open_nameless(struct unpublished_region *region, int mount)
{
	int err = open_first(region, mount);

	if (err)
		return err;
	err = unlink_at(mount, region->hidden, 0);
	if (err)
		sys_close(region->fd);
	return err;
}

static int set_kind(const struct unpublished_region *region,
		    const struct mshare_kind *kind)
{
	int err = sys_ioctl(region->fd, MSHARE_IOC_KIND, kind);

	return err != -ENOTTY
		       ? err
		       : set_reason(
				 ENOSYS,
				 "the daemon of the mount is older than this library; restart it");
}

int unpublished_region_open_owned(struct unpublished_region *region, int mount)
{
	const struct mshare_kind kind = {.flags = MSHARE_KIND_OWNED};
	int again, err = open_first(region, mount);

	if (err)
		return err;
	err = set_kind(region, &kind);
	/* The daemon notices the close() only of descriptors opened now. */
	again = err ? err
		    : open_at(mount, region->hidden, O_RDWR | O_NOFOLLOW, 0);
	unlink_at(mount, region->hidden, 0);
	sys_close(region->fd);
	region->fd = again;
	return again < 0 ? again : 0;
}

/*
 * The directory keeps others out until the region is ready, so that the file
 * can have its final mode and ACLs from the beginning.
 */
static int open_hidden(struct unpublished_region *region, mode_t mode)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
	int err =
		(int)SYS_CALL(SYS_mkdirat, region->mount, region->hidden, 0700);

	if (err)
		return cannot_make(err);
	err = region->dir = open_at(region->mount, region->hidden,
				    O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (err < 0)
		goto remove;
	err = region->fd = open_at(region->dir, region->name, flags, mode);
	if (err == -EACCES &&
	    !SYS_CALL(SYS_fchmodat, region->mount, region->hidden, 0700))
		/* an umask that removes our own permissions */
		err = region->fd =
			open_at(region->dir, region->name, flags, mode);
	if (err >= 0)
		return 0;
	sys_close(region->dir);
remove:
	unlink_at(region->mount, region->hidden, AT_REMOVEDIR);
	return err;
}

int unpublished_region_open(struct unpublished_region *region, int mount,
			    const char *name, mode_t mode)
{
	if (!name)
		return open_nameless(region, mount);
	*region = (struct unpublished_region){.mount = mount, .name = name};
	find_name(region->hidden, sizeof(region->hidden));
	return open_hidden(region, mode);
}

/* For a message only: 0 if it cannot be found. */
static uint64_t unit_of(int mount)
{
	/* mount may be a few directories below the root of the mount */
	const char *path = "../../../../../../../../mshare_info";
	char text[32] = "";
	unsigned long long unit = 0;
	int fd = -1;

	for (size_t up = 9; fd < 0 && up; up--)
		fd = open_at(mount, path + (up - 1) * strlen("../"), O_RDONLY,
			     0);
	if (fd < 0)
		return 0;
	if (SYS_CALL(SYS_read, fd, text, sizeof(text) - 1) > 0)
		sscanf(text, "%llu", &unit);
	sys_close(fd);
	return unit;
}

int unpublished_region_set_shape(const struct unpublished_region *region,
				 uint64_t start, uint64_t size)
{
	const struct mshare_kind kind = {
		.start = start,
		.size = size,
		.flags = MSHARE_KIND_READABLE,
	};
	int err;

	if (start)
		err = set_kind(region, &kind);
	else
		err = (int)SYS_CALL(SYS_ftruncate, region->fd, size);
	if (err == -EINVAL)
		return set_reason(EINVAL,
				  "address and length must be multiples of the "
				  "mount's unit, %" PRIu64 " (mshare_info)",
				  unit_of(region->mount));
	return err;
}

int unpublished_region_publish(struct unpublished_region *region)
{
	int err;

	if (!region->name)
		return 0;
	err = (int)SYS_CALL(SYS_renameat2, region->dir, region->name,
			    region->mount, region->name, RENAME_NOREPLACE);
	if (err == -EEXIST)
		return set_reason(
			EEXIST,
			"there is a file of that name; omit O_CREAT to attach to it");
	if (err)
		return err;
	region->named = true;
	unlink_at(region->mount, region->hidden, AT_REMOVEDIR);
	sys_close(region->dir);
	return 0;
}

/* Removes the name, unless it is another file's by now. */
static void take_name_back(const struct unpublished_region *region)
{
	struct stat ours, there;

	if (!fstat(region->fd, &ours) &&
	    !fstatat(region->mount, region->name, &there,
		     AT_SYMLINK_NOFOLLOW) &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		unlink_at(region->mount, region->name, 0);
}

void unpublished_region_drop(struct unpublished_region *region)
{
	if (region->named) {
		take_name_back(region);
	} else if (region->name) {
		unlink_at(region->dir, region->name, 0);
		unlink_at(region->mount, region->hidden, AT_REMOVEDIR);
		sys_close(region->dir);
	}
	sys_close(region->fd);
}
