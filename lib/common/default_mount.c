/* SPDX-License-Identifier: MIT */
/* The mount point of a user who names none. */
#include "common/default_mount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int default_mount_path(char *path, size_t size)
{
	/* A set-user-id program must not trust its caller's environment. */
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	int n;

	/* The XDG specification says to ignore a relative path. */
	if (runtime && runtime[0] == '/')
		n = snprintf(path, size, "%s/msharefs", runtime);
	else
		n = snprintf(path, size, "/run/user/%u/msharefs", geteuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
