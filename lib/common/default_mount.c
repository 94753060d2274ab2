/* SPDX-License-Identifier: MIT */
#include "common/default_mount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int default_mount_path(char *path, size_t size)
{
	/* A set-user-id program does not go where its caller says. */
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	int n;

	/* A relative one has to be ignored, says its specification. */
	if (runtime && runtime[0] == '/')
		n = snprintf(path, size, "%s/msharefs", runtime);
	else
		n = snprintf(path, size, "/run/user/%u/msharefs", geteuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
