/* SPDX-License-Identifier: MIT */
#include "common/sysfs_overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int split(const char *mountpoint, char *parent)
{
	struct statfs fs;
	char *slash;

	if (mountpoint[0] != '/' || strlen(mountpoint) >= PATH_MAX)
		return -ENOENT;
	strcpy(parent, mountpoint);
	slash = strrchr(parent, '/');
	if (slash == parent || !slash[1])
		return -ENOENT;
	*slash = 0;
	if (statfs(parent, &fs) || fs.f_type != SYSFS_MAGIC)
		return -ENOENT;
	return 0;
}

/* The entry as it was, below the cover; its own mounts come along. */
static int show_again(int old, const char *parent, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof(from), "/proc/self/fd/%d/%s", old, name) >=
		    (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/%s", parent, name) >= (int)sizeof(to))
		return -ENAMETOOLONG;
	/* private: taking the cover away must not take away the originals */
	if (mkdir(to, 0755) || mount(from, to, NULL, MS_BIND | MS_REC, NULL) ||
	    mount(NULL, to, NULL, MS_PRIVATE | MS_REC, NULL))
		return -errno;
	return 0;
}

static int fill(int old, DIR *entries, const char *parent,
		const char *mountpoint)
{
	struct dirent *d;
	int err = 0;

	while (!err && (d = readdir(entries)))
		if (d->d_type == DT_DIR && strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0)
			err = show_again(old, parent, d->d_name);
	if (!err && mkdir(mountpoint, 0755))
		err = -errno;
	return err;
}

int cover_make(struct cover *cover, const char *mountpoint)
{
	int old, err = split(mountpoint, cover->parent);
	DIR *entries;

	if (err)
		goto nothing;
	old = open(cover->parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	entries = opendir(cover->parent);
	err = -errno;
	if (old < 0 || !entries)
		goto close;
	if (mount("msharefs", cover->parent, "tmpfs",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755")) {
		err = -errno;
		goto close;
	}
	err = fill(old, entries, cover->parent, mountpoint);
	if (err)
		umount2(cover->parent, MNT_DETACH);
close:
	if (entries)
		closedir(entries);
	if (old >= 0)
		close(old);
nothing:
	if (err)
		cover->parent[0] = 0;
	return err;
}

int cover_remove(struct cover *cover)
{
	int err = 0;

	if (cover->parent[0] && umount2(cover->parent, MNT_DETACH))
		err = -errno;
	cover->parent[0] = 0;
	return err;
}
