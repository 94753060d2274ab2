/* SPDX-License-Identifier: MIT */
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
		       : because(-err, "no file may be made in the mount");
}

static int open_first(struct draft *draft, int mount)
{
	*draft = (struct draft){.mount = mount, .fd = -1, .dir = -1};
	find_name(draft->hidden, sizeof(draft->hidden));
	draft->fd = open_at(mount, draft->hidden,
			    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	return draft->fd < 0 ? cannot_make(draft->fd) : 0;
}

/* Never to have a name: it had one for a moment. */
static int open_nameless(struct draft *draft, int mount)
{
	int err = open_first(draft, mount);

	if (err)
		return err;
	err = unlink_at(mount, draft->hidden, 0);
	if (err)
		sys_close(draft->fd);
	return err;
}

static int set_kind(const struct draft *draft, const struct mshare_kind *kind)
{
	int err = sys_ioctl(draft->fd, MSHARE_IOC_KIND, kind);

	return err != -ENOTTY
		       ? err
		       : because(ENOSYS, "the daemon of the mount is older "
					 "than this library; start it anew");
}

int draft_open_owned(struct draft *draft, int mount)
{
	const struct mshare_kind kind = {.flags = MSHARE_KIND_OWNED};
	int again, err = open_first(draft, mount);

	if (err)
		return err;
	err = set_kind(draft, &kind);
	/* Only of descriptors made now the daemon hears that they close. */
	again = err ? err
		    : open_at(mount, draft->hidden, O_RDWR | O_NOFOLLOW, 0);
	unlink_at(mount, draft->hidden, 0);
	sys_close(draft->fd);
	draft->fd = again;
	return again < 0 ? again : 0;
}

/*
 * The directory keeps others out until all is ready, so that the file can have
 * the mode and the lists (acl(5)) it is to have from the beginning.
 */
static int open_hidden(struct draft *draft, mode_t mode)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
	int err = (int)SYS_CALL(SYS_mkdirat, draft->mount, draft->hidden, 0700);

	if (err)
		return cannot_make(err);
	err = draft->dir = open_at(draft->mount, draft->hidden,
				   O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (err < 0)
		goto remove;
	err = draft->fd = open_at(draft->dir, draft->name, flags, mode);
	if (err == -EACCES &&
	    !SYS_CALL(SYS_fchmodat, draft->mount, draft->hidden, 0700))
		/* an umask that takes away our own rights */
		err = draft->fd = open_at(draft->dir, draft->name, flags, mode);
	if (err >= 0)
		return 0;
	sys_close(draft->dir);
remove:
	unlink_at(draft->mount, draft->hidden, AT_REMOVEDIR);
	return err;
}

int draft_open(struct draft *draft, int mount, const char *name, mode_t mode)
{
	if (!name)
		return open_nameless(draft, mount);
	*draft = (struct draft){.mount = mount, .name = name};
	find_name(draft->hidden, sizeof(draft->hidden));
	return open_hidden(draft, mode);
}

/* For words only: 0 if it cannot be found. */
static uint64_t unit_of(int mount)
{
	/* mount may be some directories below the root of it */
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

int draft_shape(const struct draft *draft, uint64_t start, uint64_t size)
{
	const struct mshare_kind kind = {
		.start = start,
		.size = size,
		.flags = MSHARE_KIND_READABLE,
	};
	int err;

	if (start)
		err = set_kind(draft, &kind);
	else
		err = (int)SYS_CALL(SYS_ftruncate, draft->fd, size);
	if (err == -EINVAL)
		return because(EINVAL,
			       "address and length must be multiples of the "
			       "mount's unit, %" PRIu64 " (mshare_info)",
			       unit_of(draft->mount));
	return err;
}

int draft_publish(struct draft *draft)
{
	int err;

	if (!draft->name)
		return 0;
	err = (int)SYS_CALL(SYS_renameat2, draft->dir, draft->name,
			    draft->mount, draft->name, RENAME_NOREPLACE);
	if (err == -EEXIST)
		return because(EEXIST, "there is one of that name; without "
				       "O_CREAT you attach to it");
	if (err)
		return err;
	draft->named = true;
	unlink_at(draft->mount, draft->hidden, AT_REMOVEDIR);
	sys_close(draft->dir);
	return 0;
}

/* Unless the name is another file's by now. */
static void take_name_back(const struct draft *draft)
{
	struct stat ours, there;

	if (!fstat(draft->fd, &ours) &&
	    !fstatat(draft->mount, draft->name, &there, AT_SYMLINK_NOFOLLOW) &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		unlink_at(draft->mount, draft->name, 0);
}

void draft_drop(struct draft *draft)
{
	if (draft->named) {
		take_name_back(draft);
	} else if (draft->name) {
		unlink_at(draft->dir, draft->name, 0);
		unlink_at(draft->mount, draft->hidden, AT_REMOVEDIR);
		sys_close(draft->dir);
	}
	sys_close(draft->fd);
}
