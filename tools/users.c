/* SPDX-License-Identifier: MIT */
#include "users.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "process_info.h"
#include "messages.h"

/* The kernel's answer only: a strange filesystem is not asked. */
static bool is_on(int dir, const char *name, dev_t dev)
{
	struct statx stx;

	return !statx(dir, name, AT_STATX_DONT_SYNC, STATX_TYPE, &stx) &&
	       makedev(stx.stx_dev_major, stx.stx_dev_minor) == dev;
}

static bool any_on(int process, const char *name, dev_t dev)
{
	int fd = openat(process, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' &&
			is_on(dirfd(dir), entry->d_name, dev);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return found;
}

/* What it does there, or NULL. */
static const char *use(int process, dev_t dev)
{
	if (any_on(process, "fd", dev))
		return "has files open";
	if (is_on(process, "cwd", dev))
		return "is in it (its current directory)";
	if (is_on(process, "root", dev))
		return "is in it (its root directory)";
	return NULL;
}

static bool print(int proc, const char *pid, dev_t dev)
{
	int process = openat(proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *how = process < 0 ? NULL : use(process, dev);
	char command[PROCESS_NAME];

	if (process >= 0)
		close(process);
	if (!how)
		return false;
	if (!process_command(atoi(pid), command))
		strcpy(command, "?");
	say("  process %s (%s) %s", pid, command, how);
	return true;
}

void users_print(dev_t dev)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool any = false;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    atoi(entry->d_name) != getpid())
			any |= print(dirfd(proc), entry->d_name, dev);
	if (proc)
		closedir(proc);
	if (!any)
		say("  no process that you may look into uses it: root sees "
		    "those of others");
}
