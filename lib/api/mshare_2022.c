/* SPDX-License-Identifier: MIT */
/* Part of mshare.h: the calls of 2022, for regions with a name. */
#include <mshare.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "api/api.h"
#include "api/donate.h"
#include "api/last_error.h"
#include <mshare_ioctl.h>
#include "common/syscalls.h"
#include "api/mount_lookup.h"

/* The checked arguments of mshare(). */
struct request {
	int dir;
	const char *name;
	uintptr_t addr;
	size_t length;
	int oflags;
	mode_t mode;
};

/* *bare: the name without its leading slash. */
static int check_name(const char *name, const char **bare)
{
	if (!name)
		return set_reason(EFAULT, "a name is needed");
	name += *name == '/';
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") ||
	    !strcmp(name, "mshare_info"))
		return set_reason(EINVAL,
				  "that is not a valid name of a region");
	if (strchr(name, '/'))
		return set_reason(
			EINVAL,
			"a name may contain one slash only, at its beginning");
	if (strlen(name) > NAME_MAX)
		return set_reason(ENAMETOOLONG, "a name has at most %d bytes",
				  NAME_MAX);
	*bare = name;
	return 0;
}

static int check_flags(int oflags)
{
	const int known = O_ACCMODE | O_CREAT | O_EXCL | O_CLOEXEC;
	const int mode = oflags & O_ACCMODE;

	if (oflags & ~known || (mode != O_RDWR && mode != O_RDONLY))
		return set_reason(EINVAL, "flags are O_RDWR or O_RDONLY, with "
					  "O_CREAT or without");
	return 0;
}

/* The window */

/* Answers that a daemon may take to list mappings: no region has so many. */
#define MOST_PARTS 4096

/*
 * Whether any mapping is executable: then the window must be, too. The
 * protection of the others still applies.
 */
static bool has_code(int fd)
{
	struct mshare_status_maps maps = {.version = MSHARE_STATUS_VERSION};
	int parts = 0;

	do {
		if (sys_ioctl(fd, MSHARE_IOC_MAPS, &maps) ||
		    maps.n > MSHARE_STATUS_MAPPINGS)
			return false;
		for (uint32_t i = 0; i < maps.n; i++) {
			if (maps.mapping[i].prot & PROT_EXEC)
				return true;
			maps.from = maps.mapping[i].end;
		}
	} while (maps.n == MSHARE_STATUS_MAPPINGS && ++parts < MOST_PARTS);
	return false;
}

/*
 * Opens the file for writing even for a reader, if its mode allows: the window
 * of a descriptor opened read-only cannot share page tables.
 */
static int open_region(const struct request *r)
{
	const int flags = O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
	int fd = (int)SYS_CALL(SYS_openat, r->dir, r->name, flags | O_RDWR, 0);

	if ((fd == -EACCES || fd == -EROFS) &&
	    (r->oflags & O_ACCMODE) == O_RDONLY)
		fd = (int)SYS_CALL(SYS_openat, r->dir, r->name,
				   flags | O_RDONLY, 0);
	if (fd == -EACCES)
		return set_reason(EACCES, "the file's mode does not allow it");
	if (fd == -ENOENT)
		return set_reason(
			ENOENT, "no region has that name; O_CREAT creates one");
	return fd;
}

static int check_shape(int fd, const struct request *r)
{
	struct ioctl_info shape;
	int err = api_shape(fd, &shape);

	if (err)
		return err;
	if (!shape.start)
		return set_reason(EINVAL, shape.size
						  ? "it has no fixed address: "
						    "use mshare_attach()"
						  : "it has no size yet");
	if (shape.start != r->addr || shape.size != r->length)
		return set_reason(EINVAL, "the region has %#llx bytes at %#llx",
				  (unsigned long long)shape.size,
				  (unsigned long long)shape.start);
	return 0;
}

static int map_region(int fd, const struct request *r)
{
	int err = 0;
	const struct engine *engine = api_engine(&err);
	struct mmap_args args = {
		.addr = (void *)r->addr,
		.length = r->length,
		.prot = PROT_READ,
		.flags = MAP_SHARED,
		.fd = fd,
	};
	void *base;

	if (!engine)
		return err;
	if ((r->oflags & O_ACCMODE) == O_RDWR)
		args.prot |= PROT_WRITE;
	if (has_code(fd))
		args.prot |= PROT_EXEC;
	err = engine->map(&args, &base);
	if (err == -EEXIST)
		return set_reason(EEXIST, "something is mapped there");
	return err;
}

static int attach(const struct request *r)
{
	int err, fd = open_region(r);

	if (fd < 0)
		return fd;
	err = check_shape(fd, r);
	if (!err)
		err = map_region(fd, r);
	sys_close(fd);
	return err;
}

static int create(const struct request *r)
{
	const struct donation donation = {
		.mount = r->dir,
		.name = r->name,
		.mode = r->mode,
		.addr = r->addr,
		.length = r->length,
		.read_only = (r->oflags & O_ACCMODE) == O_RDONLY,
	};
	struct stat st;
	int fd;

	/* Naming the region checks this again, but only after all the work. */
	if (!fstatat(r->dir, r->name, &st, AT_SYMLINK_NOFOLLOW))
		return set_reason(
			EEXIST,
			"there is a file of that name; omit O_CREAT to attach to it");
	fd = donate(&donation);
	if (fd < 0)
		return fd;
	sys_close(fd);
	return 0;
}

static int share(int mount, const char *name, struct request *r)
{
	int err = check_name(name, &r->name);

	if (!err)
		err = check_flags(r->oflags);
	if (!err && (!r->addr || !r->length))
		err = set_reason(EINVAL, "no address or no length is given");
	if (!err)
		err = mount_lookup(mount, &r->dir);
	if (err)
		return err;
	err = r->oflags & O_CREAT ? create(r) : attach(r);
	mount_lookup_done(mount, r->dir);
	return err;
}

EXPORT int mshare_at(int mount, const char *name, void *addr, size_t length,
		     int oflags, mode_t mode)
{
	struct request r = {
		.addr = (uintptr_t)addr,
		.length = length,
		.oflags = oflags,
		.mode = mode,
	};

	return fail(share(mount, name, &r), "mshare", "%s, %#zx bytes at %p",
		    name ? name : "NULL", length, addr);
}

EXPORT int mshare(const char *name, void *addr, size_t length, int oflags,
		  mode_t mode)
{
	return mshare_at(MSHARE_DEFAULT_MOUNT, name, addr, length, oflags,
			 mode);
}

/* Unlinking */

static int find_file(int dir, const char *name, struct engine_file *file)
{
	struct statx stx;
	int err = (int)SYS_CALL(SYS_statx, dir, name,
				AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
				STATX_INO, &stx);

	if (err == -ENOENT)
		return set_reason(EINVAL, "no region has that name");
	if (!err)
		*file = (struct engine_file){
			.device = makedev(stx.stx_dev_major, stx.stx_dev_minor),
			.ino = stx.stx_ino,
		};
	return err;
}

/* Removes the name first: if that is refused, the window is still there. */
static int unlink_and_unmap(int dir, const char *name)
{
	struct engine_file file;
	int err = 0;
	const struct engine *engine = api_engine(&err);

	if (!engine)
		return err;
	err = find_file(dir, name, &file);
	if (!err)
		err = (int)SYS_CALL(SYS_unlinkat, dir, name, 0);
	if (err == -EACCES || err == -EPERM)
		return set_reason(
			-err,
			"only the owner of the file, or a user who may write to the directory, can remove the name");
	return err ? err : engine->unmap_file(&file);
}

static int unlink_region(int mount, const char *name)
{
	const char *bare = NULL;
	int dir, err = check_name(name, &bare);

	if (!err)
		err = mount_lookup(mount, &dir);
	if (err)
		return err;
	err = unlink_and_unmap(dir, bare);
	mount_lookup_done(mount, dir);
	return err;
}

EXPORT int mshare_unlink_at(int mount, const char *name)
{
	return fail(unlink_region(mount, name), "mshare_unlink", "%s",
		    name ? name : "NULL");
}

EXPORT int mshare_unlink(const char *name)
{
	return mshare_unlink_at(MSHARE_DEFAULT_MOUNT, name);
}
