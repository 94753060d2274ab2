/* SPDX-License-Identifier: MIT */
/* Regions in v3's form, and what the program's mount says of itself. */
#include "harness/harness.h"

#include <fcntl.h>
#include <linux/msharefs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

int region_create(const char *name, uint64_t size)
{
	int fd = open(in_mount(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		      0600);

	if (fd >= 0 && size && ftruncate(fd, (off_t)size)) {
		close(fd);
		return -1;
	}
	return fd;
}

int region_add_like(int fd, uint64_t offset, uint64_t size, int prot, int flags)
{
	struct mshare_create create = {
		.region_offset = offset,
		.size = size,
		.prot = (__u32)prot,
		.flags =
			(__u32)(MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | flags),
		.fd = (__u32)-1,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &create);
}

int region_add(int fd, uint64_t offset, uint64_t size)
{
	return region_add_like(fd, offset, size, PROT_READ | PROT_WRITE, 0);
}

int region_unmap_range(int fd, uint64_t offset, uint64_t size)
{
	struct mshare_unmap unmap = {.region_offset = offset, .size = size};

	return ioctl(fd, MSHAREFS_UNMAP, &unmap);
}

char *region_window(int fd, uint64_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

uint64_t mount_align(void)
{
	FILE *file = fopen(in_mount("mshare_info"), "re");
	unsigned long n = 0;

	if (!file || fscanf(file, "%lu", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

uint64_t mount_page(void)
{
	struct statvfs fs;

	return statvfs(mount_dir, &fs) ? 0 : fs.f_bsize;
}

bool mount_shares(void)
{
	return daemon_said("page tables shared");
}
