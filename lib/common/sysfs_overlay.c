/* SPDX-License-Identifier: MIT */
/* A tmpfs over a directory of sysfs, for a mount point in it. */
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

#include "common/our_mount.h"

static int split(const char *mountpoint, char *parent)
{
	char *slash;

	if (mountpoint[0] != '/' || strlen(mountpoint) >= PATH_MAX)
		return -ENOENT;
	strcpy(parent, mountpoint);
	slash = strrchr(parent, '/');
	if (slash == parent || !slash[1])
		return -ENOENT;
	*slash = 0;
	return 0;
}

/* Bind-mounts a directory that the overlay hides, with the mounts in it. */
static int show_again(int old, const char *parent, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof(from), "/proc/self/fd/%d/%s", old, name) >=
		    (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/%s", parent, name) >= (int)sizeof(to))
		return -ENAMETOOLONG;
	/* private: unmounting the overlay must not unmount the originals */
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

static dev_t device_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_dev;
}

int sysfs_overlay_make(struct sysfs_overlay *overlay, const char *mountpoint)
{
	int old, err = split(mountpoint, overlay->parent);
	struct statfs fs;
	DIR *entries;

	if (!err && (statfs(overlay->parent, &fs) || fs.f_type != SYSFS_MAGIC))
		err = -ENOENT;
	if (err)
		goto nothing;
	old = open(overlay->parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	entries = opendir(overlay->parent);
	err = -errno;
	if (old < 0 || !entries)
		goto close;
	if (mount(OVERLAY_SOURCE, overlay->parent, "tmpfs",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755")) {
		err = -errno;
		goto close;
	}
	overlay->device = device_of(overlay->parent);
	err = fill(old, entries, overlay->parent, mountpoint);
	if (err)
		umount2(overlay->parent, MNT_DETACH);
close:
	if (entries)
		closedir(entries);
	if (old >= 0)
		close(old);
nothing:
	if (err)
		overlay->parent[0] = 0;
	return err;
}

int sysfs_overlay_remove(struct sysfs_overlay *overlay)
{
	int err = 0;

	/* Another daemon may have taken it for old, and made its own. */
	if (overlay->parent[0] &&
	    device_of(overlay->parent) == overlay->device &&
	    umount2(overlay->parent, MNT_DETACH))
		err = -errno;
	overlay->parent[0] = 0;
	return err;
}

int sysfs_overlay_remove_old(const char *mountpoint, char parent[PATH_MAX])
{
	int err = split(mountpoint, parent);

	if (err || !our_mount_is_old_overlay(parent))
		return -ENOENT;
	return umount2(parent, MNT_DETACH) ? -errno : 0;
}
