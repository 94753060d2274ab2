/* SPDX-License-Identifier: MIT */
#include "common/msharefs_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/protocol.h"
#include "common/syscalls.h"

/* What the kernel takes for the number of a root it has not yet asked about. */
#define UNASKED_ROOT 1

static uint64_t number_of(int dir, const char *path, int flags)
{
	struct statx stx;

	if (SYS_CALL(SYS_statx, dir, path, flags | AT_NO_AUTOMOUNT, STATX_INO,
		     &stx) ||
	    stx.stx_dev_major != 0)
		return 0;
	return stx.stx_ino;
}

bool ours_file(int dir, const char *path, int flags)
{
	uint64_t ino = number_of(dir, path, flags | AT_STATX_DONT_SYNC);

	if (ino == UNASKED_ROOT)
		ino = number_of(dir, path, flags);
	return MSHARE_INO_IS_OURS(ino);
}
