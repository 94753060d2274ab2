/* SPDX-License-Identifier: MIT */
/* Part of mshare.h: the calls that create regions without a name. */
#include <errno.h>
#include <fcntl.h>

#include "api/api.h"
#include "api/donate.h"
#include "api/unpublished_region.h"
#include "api/last_error.h"
#include <mshare.h>
#include "common/syscalls.h"
#include "api/mount_lookup.h"

_Static_assert(MSHARE_CLOEXEC == O_CLOEXEC, "two names of one flag");

static int check_flags(unsigned int flags)
{
	return flags & ~(unsigned int)MSHARE_CLOEXEC
		       ? set_reason(EINVAL, "flags are 0 or MSHARE_CLOEXEC")
		       : 0;
}

/* A descriptor of an empty region, or -errno. */
static int make_empty(int dir, size_t size)
{
	struct unpublished_region region;
	int err = unpublished_region_open(&region, dir, NULL, 0);

	if (err)
		return err;
	err = unpublished_region_set_shape(&region, 0, size);
	if (err) {
		unpublished_region_drop(&region);
		return err;
	}
	return region.fd;
}

static int make_owned(int dir)
{
	struct unpublished_region region;
	int err = unpublished_region_open_owned(&region, dir);

	return err ? err : region.fd;
}

/* Turns memory into a region, or makes an empty one if addr is NULL. */
static int make_region(int dir, void *addr, size_t length)
{
	const struct donation donation = {
		.mount = dir,
		.addr = (uintptr_t)addr,
		.length = length,
	};

	if (!length)
		return set_reason(EINVAL, "no length is given");
	return addr ? donate(&donation) : make_empty(dir, length);
}

static int done(int mount, int dir, int fd, unsigned int flags)
{
	mount_lookup_done(mount, dir);
	if (fd >= 0 && !(flags & MSHARE_CLOEXEC))
		api_keep_over_exec(fd);
	return fd;
}

static int region_of(int mount, void *addr, size_t length, unsigned int flags)
{
	int dir, err = check_flags(flags);

	if (!err)
		err = mount_lookup(mount, &dir);
	if (err)
		return err;
	return done(mount, dir, make_region(dir, addr, length), flags);
}

EXPORT int mshare_fd_at(int mount, void *addr, size_t length,
			unsigned int flags)
{
	int fd = region_of(mount, addr, length, flags);

	return fd >= 0 ? fd
		       : fail(fd, "mshare_fd", "%#zx bytes at %p", length,
			      addr);
}

EXPORT int mshare_fd(void *addr, size_t length, unsigned int flags)
{
	return mshare_fd_at(MSHARE_DEFAULT_MOUNT, addr, length, flags);
}

static int owned_region(int mount, unsigned int flags)
{
	int dir, err = check_flags(flags);

	if (!err)
		err = mount_lookup(mount, &dir);
	if (err)
		return err;
	return done(mount, dir, make_owned(dir), flags);
}

EXPORT int mshare_create_at(int mount, unsigned int flags)
{
	int fd = owned_region(mount, flags);

	return fd >= 0 ? fd : fail(fd, "mshare_create", "flags %#x", flags);
}

EXPORT int mshare_create(unsigned int flags)
{
	return mshare_create_at(MSHARE_DEFAULT_MOUNT, flags);
}
