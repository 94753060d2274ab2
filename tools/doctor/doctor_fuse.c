/* SPDX-License-Identifier: MIT */
/* doctor: can this user mount a FUSE filesystem? */
#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEV "/dev/fuse"
#define DEV_MAJOR 10 /* as in the kernel's list of devices */
#define DEV_MINOR 229
#define MAKE_DEV "mknod -m 666 " DEV " c 10 229"

#define CAP_SYS_ADMIN_BIT 21

static bool file_has_line(const char *path, const char *wanted)
{
	FILE *file = fopen(path, "re");
	char line[256], word[64];
	bool has = false;

	while (file && !has && fgets(line, sizeof(line), file))
		has = (sscanf(line, " nodev %63s", word) == 1 ||
		       sscanf(line, " %63s", word) == 1) &&
		      !strcmp(word, wanted);
	if (file)
		fclose(file);
	return has;
}

static bool is_mount_point(const char *path)
{
	struct statx stx;

	return !statx(AT_FDCWD, path, 0, STATX_INO, &stx) &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static void no_device(struct finding *f)
{
	const char *hint =
		in_container() ? "; or start the container with --device " DEV
			       : "";

	if (!file_has_line("/proc/filesystems", "fuse")) {
		found(f, DOCTOR_MISSING, "the kernel module is not loaded%s",
		      hint);
		mend_as_root(f, "modprobe fuse");
	} else {
		found(f, DOCTOR_MISSING, "there is none%s", hint);
		mend_as_root(f, MAKE_DEV);
	}
}

static void no_access(struct finding *f, int err)
{
	struct statvfs fs;

	found(f, DOCTOR_MISSING, "it cannot be opened: %s", strerror(err));
	if (err == ENODEV || err == ENXIO) {
		mend_as_root(f, "modprobe fuse");
	} else if (err == EACCES && !statvfs(DEV, &fs) &&
		   (fs.f_flag & ST_NODEV)) {
		found(f, DOCTOR_MISSING, "it lies on a mount with nodev");
		mend_as_root(f, "mount -o remount,bind,dev "
				"\"$(findmnt -no TARGET -T " DEV ")\"");
	} else if (err == EACCES) {
		mend_as_root(f, "chmod 666 " DEV);
	} else if (err == EPERM) {
		found(f, DOCTOR_MISSING,
		      "a cgroup of devices forbids it; the container has to "
		      "be started with the device");
		mend_as_root(f, "docker run --device " DEV " IMAGE");
	}
}

void doctor_dev_fuse(struct finding *f, const char *mount)
{
	struct stat st;
	int fd;

	(void)mount;
	if (stat(DEV, &st)) {
		no_device(f);
		return;
	}
	if (!S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(DEV_MAJOR, DEV_MINOR)) {
		found(f, DOCTOR_MISSING, "it is another file%s",
		      is_mount_point(DEV) ? ", mounted over it" : "");
		if (is_mount_point(DEV))
			mend_as_root(f, "umount " DEV);
		else
			mend_as_root(f, "rm -r " DEV " && " MAKE_DEV);
		return;
	}
	fd = open(DEV, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		no_access(f, errno);
		return;
	}
	close(fd);
	found(f, DOCTOR_OK, "it can be opened");
}

/* fusermount3 */

static bool may_mount(void)
{
	char caps[32];

	read_status("CapEff", caps, sizeof(caps));
	return strtoull(caps, NULL, 16) >> CAP_SYS_ADMIN_BIT & 1;
}

/* As libfuse looks for it: where it was installed, then in PATH. */
static bool find_helper(char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	size_t n;

	snprintf(path, PATH_MAX, "%s", FUSERMOUNT_PATH);
	if (!access(path, X_OK))
		return true;
	for (; dirs && *dirs; dirs += n + (dirs[n] == ':')) {
		n = strcspn(dirs, ":");
		snprintf(path, PATH_MAX, "%.*s/fusermount3", (int)n, dirs);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/* Whether running it gives it root's power. */
static bool check_power(struct finding *f, const char *path)
{
	struct statvfs fs;
	struct stat st;
	char text[16];

	if (stat(path, &st) || st.st_uid != 0 || !(st.st_mode & S_ISUID)) {
		found(f, DOCTOR_MISSING, "%s is not set-user-id root", path);
		mend_as_root(f, "chown root %s && chmod 4755 %s", path, path);
		return false;
	}
	if (!statvfs(path, &fs) && (fs.f_flag & ST_NOSUID)) {
		found(f, DOCTOR_MISSING,
		      "%s lies on a mount with nosuid, where set-user-id has "
		      "no effect",
		      path);
		mend_as_root(
			f,
			"mount -o remount,bind,suid \"$(findmnt -no TARGET -T %s)\"",
			path);
		return false;
	}
	read_status("NoNewPrivs", text, sizeof(text));
	if (!strcmp(text, "1")) {
		found(f, DOCTOR_MISSING,
		      "set-user-id programs have no effect in this sandbox or "
		      "service (no_new_privs): mount from outside of it");
		return false;
	}
	return true;
}

void doctor_fusermount(struct finding *f, const char *mount)
{
	char path[PATH_MAX];

	(void)mount;
	if (may_mount()) {
		found(f, DOCTOR_OK, "not needed: this user may mount");
		return;
	}
	if (!find_helper(path)) {
		found(f, DOCTOR_MISSING, "there is none in %s, nor in $PATH",
		      FUSERMOUNT_PATH);
		if (is_mount_point(FUSERMOUNT_PATH))
			mend_as_root(f, "umount " FUSERMOUNT_PATH);
		else
			mend_as_root(f, "apt-get install -y fuse3");
		return;
	}
	if (!check_power(f, path))
		return;
	if (access("/etc/mtab", R_OK)) {
		found(f, DOCTOR_MISSING,
		      "%s needs /etc/mtab, and there is none", path);
		mend_as_root(f, "ln -s ../proc/self/mounts /etc/mtab");
		return;
	}
	found(f, DOCTOR_OK, "%s; -o allow_other is %s", path,
	      file_has_line("/etc/fuse.conf", "user_allow_other")
		      ? "allowed"
		      : "root's alone (no user_allow_other in /etc/fuse.conf)");
}
