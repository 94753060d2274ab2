/* SPDX-License-Identifier: MIT */
/*
 * A program as others write it, for mount_at.sh: it names /sys/fs/mshare in its
 * text, and finds its files as programs do. "mount" makes it mount first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <mntent.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR_NAME "/sys/fs/mshare"

#define MUST(condition)                                                     \
	do {                                                                \
		if (!(condition)) {                                         \
			fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, \
				__LINE__, #condition, errno);               \
			exit(1);                                            \
		}                                                           \
	} while (0)

static size_t region_size(void)
{
	FILE *file = fopen(DIR_NAME "/mshare_info", "r");
	size_t size = 0;

	MUST(file && fscanf(file, "%zu", &size) == 1);
	fclose(file);
	return size;
}

static char *map(int fd, size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	MUST(at != MAP_FAILED);
	return at;
}

static void fill(int fd, size_t size, const char *text)
{
	struct mshare_create create = {
		.size = 4 << 20,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = (__u32)-1,
	};

	MUST(!ftruncate(fd, (off_t)size));
	MUST(!ioctl(fd, MSHAREFS_CREATE_MAPPING, &create));
	strcpy(map(fd, size), text);
}

static int entries(void)
{
	DIR *dir = opendir(DIR_NAME);
	struct dirent *d;
	int n = 0;

	MUST(dir);
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static bool has_type(void)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	struct mntent *m;
	bool found = false;

	while (mounts && (m = getmntent(mounts)))
		found = found || (!strcmp(m->mnt_dir, DIR_NAME) &&
				  !strcmp(m->mnt_type, "msharefs"));
	if (mounts)
		endmntent(mounts);
	return found;
}

/* Another process, by another name of the same file. */
static void read_in_child(const char *name, size_t size, const char *text)
{
	int status;

	if (fork() == 0) {
		int fd = open(name, O_RDWR);

		MUST(fd >= 0 && !strcmp(map(fd, size), text));
		_exit(0);
	}
	MUST(wait(&status) > 0 && !status);
}

/* Holes are guarded: SIGSEGV, not a fresh page. */
static void fault_in_child(const char *at)
{
	int status;

	if (fork() == 0)
		_exit(*(volatile const char *)at);
	MUST(wait(&status) > 0);
	MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void use_names(void)
{
	char name[] = DIR_NAME "/region-XXXXXX";
	size_t size = region_size();
	struct statfs fs;
	int fd;

	MUST(!statfs(DIR_NAME, &fs) && fs.f_type == MSHARE_MAGIC);
	MUST(has_type());
	MUST(entries() == 1);
	fd = mkstemp(name);
	MUST(fd >= 0 && entries() == 2);
	fill(fd, size, "by a name of mkstemp's");
	read_in_child(name, size, "by a name of mkstemp's");
	fault_in_child(map(fd, size) + size / 2);
	MUST(!close(fd));
	MUST(!mkdir(DIR_NAME "/dir", 0700));
	MUST(!rename(name, DIR_NAME "/dir/static"));
	read_in_child("/sys/fs/../fs/mshare/dir/static", size,
		      "by a name of mkstemp's");
	MUST(!unlink(DIR_NAME "/dir/static") && !rmdir(DIR_NAME "/dir"));
	MUST(entries() == 1);
}

int main(int argc, char **argv)
{
	bool mounts = argc > 1 && !strcmp(argv[1], "mount");

	if (mounts)
		MUST(!mount("msharefs", DIR_NAME, "msharefs", 0, NULL));
	use_names();
	if (mounts) {
		MUST(!umount(DIR_NAME));
		MUST(entries() == 1 && has_type()); /* it made none */
	}
	return 0;
}
