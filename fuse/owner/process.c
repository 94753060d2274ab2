/* SPDX-License-Identifier: MIT */
#include "owner/process.h"

#include <dirent.h>
#include <errno.h>
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

/* Its state, and the flags that the kernel has for it; false: it is gone. */
static bool read_stat(const char *path, char *state, unsigned int *flags)
{
	FILE *stat = fopen(path, "re");
	char line[512], *after;
	bool known = false;

	if (!stat)
		return false;
	/* Behind the name, which may hold anything: state, then six numbers */
	if (fgets(line, sizeof(line), stat) && (after = strrchr(line, ')')))
		known = sscanf(after + 1, " %c %*d %*d %*d %*d %*d %u", state,
			       flags) == 2;
	fclose(stat);
	return known;
}

static bool task_is_exiting(const char *path)
{
	const unsigned int pf_exiting = 4; /* the kernel's PF_EXITING */
	unsigned int flags;
	char state;

	return !read_stat(path, &state, &flags) || state == 'Z' ||
	       state == 'X' || flags & pf_exiting;
}

bool process_thread_is_exiting(pid_t tid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	return task_is_exiting(path);
}

/*
 * A process that exits closes its files before anybody hears that it did; a
 * thread with files of its own that ends does so, too, and others go on.
 */
bool process_is_exiting(pid_t pid)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	bool all = true;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && all && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid,
			 entry->d_name);
		all = task_is_exiting(path);
	}
	if (dir)
		closedir(dir);
	return dir && all;
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

/* 1, 0, or -errno if not all of its files are to be seen. */
static int look_for_file(pid_t tid, const struct file_id *file)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	struct file_id id;
	int found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (found == 0 && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", tid,
			 entry->d_name);
		id = process_file_id(path);
		if (!id.device && errno != ENOENT)
			found = -errno;
		else if (id.device == file->device && id.number == file->number)
			found = 1;
	}
	closedir(dir);
	return found;
}

/* Twice: another thread may move it to a number that was looked at before. */
bool process_has_file(pid_t tid, const struct file_id *file)
{
	return look_for_file(tid, file) != 0 || look_for_file(tid, file) != 0;
}
