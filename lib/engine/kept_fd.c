/* SPDX-License-Identifier: MIT */
/* Keeps descriptors, and recognises them by device and inode number. */
#include "engine/kept_fd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "common/syscalls.h"

/*
 * The numbers that descriptors are moved to: below 64, the size of the table
 * that every process has.
 */
#define LOWEST 40
#define TABLE 64

static int move_up(int fd)
{
	int at = (int)SYS_CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOWEST);

	if (at < 0)
		return fd;
	if (at >= TABLE) {
		sys_close(at);
		return fd;
	}
	sys_close(fd);
	return at;
}

static bool identify(int fd, struct kept_fd *id)
{
	struct statx stx;

	if (SYS_CALL(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		     STATX_INO, &stx))
		return false;
	id->device = (uint64_t)stx.stx_dev_major << 32 | stx.stx_dev_minor;
	id->ino = stx.stx_ino;
	return true;
}

void kept_fd_set(struct kept_fd *kept, int fd)
{
	*kept = KEPT_NONE;
	if (fd < 0)
		return;
	fd = move_up(fd);
	if (identify(fd, kept))
		kept->fd = fd;
	else
		sys_close(fd);
}

int kept_fd_get(const struct kept_fd *kept)
{
	struct kept_fd now;

	return kept->fd >= 0 && identify(kept->fd, &now) &&
			       now.device == kept->device &&
			       now.ino == kept->ino
		       ? kept->fd
		       : -1;
}

void kept_fd_close(struct kept_fd *kept)
{
	int fd = kept_fd_get(kept);

	if (fd >= 0)
		sys_close(fd);
	*kept = KEPT_NONE;
}
