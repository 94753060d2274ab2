/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* FUSE tells the thread that asks; it waits for our answer, so it is there. */
pid_t process_of_thread(pid_t tid)
{
	char line[128], path[48];
	pid_t pid = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (!pid && fgets(line, sizeof(line), status))
		if (sscanf(line, "Tgid: %d", &pid) != 1)
			pid = 0;
	fclose(status);
	return pid;
}

/* A process that exits closes its files before anybody hears that it did. */
bool process_is_exiting(pid_t tid)
{
	const unsigned int pf_exiting = 4; /* the kernel's PF_EXITING */
	char path[48], line[512], *after;
	unsigned int flags = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	/* Behind the name, which may hold anything: state, then six numbers */
	if (fgets(line, sizeof(line), stat) && (after = strrchr(line, ')')) &&
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		flags = 0;
	fclose(stat);
	return flags & pf_exiting;
}

struct file_id process_file_id(const char *path)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &stx))
		return (struct file_id){0};
	return (struct file_id){
		.device = makedev(stx.stx_dev_major, stx.stx_dev_minor),
		.number = stx.stx_ino,
	};
}

bool process_has_file(pid_t pid, const struct file_id *file)
{
	char path[64 + NAME_MAX];
	bool found = false;
	struct dirent *entry;
	struct file_id id;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid,
			 entry->d_name);
		id = process_file_id(path);
		found = id.device == file->device && id.number == file->number;
	}
	if (dir)
		closedir(dir);
	return found;
}
