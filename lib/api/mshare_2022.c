/* SPDX-License-Identifier: MIT */
/* The calls of 2022: regions by name. */
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

/* What the caller asks for, checked. */
struct request {
	int dir;
	const char *name;
	uintptr_t addr;
	size_t length;
	int oflags;
	mode_t mode;
};

/* Without the slash that it may begin with. */
static int check_name(const char *name, const char **bare)
{
	if (!name)
		return because(EFAULT, "a name is needed");
	name += *name == '/';
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") ||
	    !strcmp(name, "mshare_info"))
		return because(EINVAL, "that is no name of a region");
	if (strchr(name, '/'))
		return because(EINVAL, "a name has one slash at most, at its "
				       "beginning");
	if (strlen(name) > NAME_MAX)
		return because(ENAMETOOLONG, "it may have %d bytes", NAME_MAX);
	*bare = name;
	return 0;
}

static int check_flags(int oflags)
{
	const int known = O_ACCMODE | O_CREAT | O_EXCL | O_CLOEXEC;
	const int mode = oflags & O_ACCMODE;

	if (oflags & ~known || (mode != O_RDWR && mode != O_RDONLY))
		return because(EINVAL, "flags are O_RDWR or O_RDONLY, with "
				       "O_CREAT or without");
	return 0;
}

/* The window */

/* Whether any of it is to be executed. The protection of parts is obeyed. */
static bool has_code(int fd)
{
	struct mshare_status_maps maps = {.version = MSHARE_STATUS_VERSION};

	do {
		if (sys_ioctl(fd, MSHARE_IOC_MAPS, &maps) ||
		    maps.n > MSHARE_STATUS_MAPPINGS)
			return false;
		for (uint32_t i = 0; i < maps.n; i++) {
			if (maps.mapping[i].prot & PROT_EXEC)
				return true;
			maps.from = maps.mapping[i].end;
		}
	} while (maps.n == MSHARE_STATUS_MAPPINGS);
	return false;
}

/*
 * Who only reads opens it for writing all the same, if he may: windows of a
 * descriptor opened read-only cannot share page tables.
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
		return because(EACCES, "the file's mode does not allow it");
	if (fd == -ENOENT)
		return because(ENOENT, "there is none of that name; O_CREAT "
				       "makes one");
	return fd;
}

static int check_shape(int fd, const struct request *r)
{
	struct api_shape shape;
	int err = api_shape(fd, &shape);

	if (err)
		return err;
	if (!shape.start)
		return because(EINVAL, shape.size ? "it has no fixed address: "
						    "use mshare_attach()"
						  : "it has no size yet");
	if (shape.start != r->addr || shape.size != r->length)
		return because(EINVAL, "it is %#llx bytes at %#llx",
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
		return because(EEXIST, "something is mapped there");
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

	/* It is found out again when it gets its name, but then all is done. */
	if (!fstatat(r->dir, r->name, &st, AT_SYMLINK_NOFOLLOW))
		return because(EEXIST, "there is one of that name; without "
				       "O_CREAT you attach to it");
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
		err = because(EINVAL, "no address, or no length");
	if (!err)
		err = which_mount(mount, &r->dir);
	if (err)
		return err;
	err = r->oflags & O_CREAT ? create(r) : attach(r);
	which_mount_done(mount, r->dir);
	return err;
}

API int mshare_at(int mount, const char *name, void *addr, size_t length,
		  int oflags, mode_t mode)
{
	struct request r = {
		.addr = (uintptr_t)addr,
		.length = length,
		.oflags = oflags,
		.mode = mode,
	};

	return report(share(mount, name, &r), "mshare", "%s, %#zx bytes at %p",
		      name ? name : "NULL", length, addr);
}

API int mshare(const char *name, void *addr, size_t length, int oflags,
	       mode_t mode)
{
	return mshare_at(MSHARE_DEFAULT_MOUNT, name, addr, length, oflags,
			 mode);
}

/* Giving up */

static int find_file(int dir, const char *name, struct engine_file *file)
{
	struct statx stx;
	int err = (int)SYS_CALL(SYS_statx, dir, name,
				AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
				STATX_INO, &stx);

	if (err == -ENOENT)
		return because(EINVAL, "there is none of that name");
	if (!err)
		*file = (struct engine_file){
			.device = makedev(stx.stx_dev_major, stx.stx_dev_minor),
			.ino = stx.stx_ino,
		};
	return err;
}

/* The name first: if that is refused, the window is still there. */
static int give_up(int dir, const char *name)
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
		return because(-err, "only its owner, or who may write in its "
				     "directory, takes its name away");
	return err ? err : engine->unmap_file(&file);
}

static int unlink_region(int mount, const char *name)
{
	const char *bare = NULL;
	int dir, err = check_name(name, &bare);

	if (!err)
		err = which_mount(mount, &dir);
	if (err)
		return err;
	err = give_up(dir, bare);
	which_mount_done(mount, dir);
	return err;
}

API int mshare_unlink_at(int mount, const char *name)
{
	return report(unlink_region(mount, name), "mshare_unlink", "%s",
		      name ? name : "NULL");
}

API int mshare_unlink(const char *name)
{
	return mshare_unlink_at(MSHARE_DEFAULT_MOUNT, name);
}
