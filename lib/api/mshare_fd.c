/* SPDX-License-Identifier: MIT */
/* Regions that have no name: of the reviewers' alternative, and of 2026. */
#include <errno.h>
#include <fcntl.h>

#include "api/api.h"
#include "api/donate.h"
#include "api/unpublished_region.h"
#include "api/last_error.h"
#include <mshare.h>
#include "common/syscalls.h"
#include "api/mount_lookup.h"

_Static_assert(MSHARE_CLOEXEC == O_CLOEXEC, "one flag, two names");

static int check_flags(unsigned int flags)
{
	return flags & ~(unsigned int)MSHARE_CLOEXEC
		       ? because(EINVAL, "flags are 0 or MSHARE_CLOEXEC")
		       : 0;
}

/* A descriptor of an empty region, or -errno. */
static int make_empty(int dir, size_t size)
{
	struct draft draft;
	int err = draft_open(&draft, dir, NULL, 0);

	if (err)
		return err;
	err = draft_shape(&draft, 0, size);
	if (err) {
		draft_drop(&draft);
		return err;
	}
	return draft.fd;
}

static int make_owned(int dir)
{
	struct draft draft;
	int err = draft_open_owned(&draft, dir);

	return err ? err : draft.fd;
}

/* The memory of a process, or fresh. */
static int make_region(int dir, void *addr, size_t length)
{
	const struct donation donation = {
		.mount = dir,
		.addr = (uintptr_t)addr,
		.length = length,
	};

	if (!length)
		return because(EINVAL, "no length");
	return addr ? donate(&donation) : make_empty(dir, length);
}

static int done(int mount, int dir, int fd, unsigned int flags)
{
	which_mount_done(mount, dir);
	if (fd >= 0 && !(flags & MSHARE_CLOEXEC))
		api_keep_over_exec(fd);
	return fd;
}

static int region_of(int mount, void *addr, size_t length, unsigned int flags)
{
	int dir, err = check_flags(flags);

	if (!err)
		err = which_mount(mount, &dir);
	if (err)
		return err;
	return done(mount, dir, make_region(dir, addr, length), flags);
}

API int mshare_fd_at(int mount, void *addr, size_t length, unsigned int flags)
{
	int fd = region_of(mount, addr, length, flags);

	return fd >= 0 ? fd
		       : report(fd, "mshare_fd", "%#zx bytes at %p", length,
				addr);
}

API int mshare_fd(void *addr, size_t length, unsigned int flags)
{
	return mshare_fd_at(MSHARE_DEFAULT_MOUNT, addr, length, flags);
}

static int owned_region(int mount, unsigned int flags)
{
	int dir, err = check_flags(flags);

	if (!err)
		err = which_mount(mount, &dir);
	if (err)
		return err;
	return done(mount, dir, make_owned(dir), flags);
}

API int mshare_create_at(int mount, unsigned int flags)
{
	int fd = owned_region(mount, flags);

	return fd >= 0 ? fd : report(fd, "mshare_create", "flags %#x", flags);
}

API int mshare_create(unsigned int flags)
{
	return mshare_create_at(MSHARE_DEFAULT_MOUNT, flags);
}
