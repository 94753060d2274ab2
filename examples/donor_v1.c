/* SPDX-License-Identifier: MIT */
/*
 * msharefs as of v1 (January 2025), the donor: makes a region at 2 TiB, places
 * memory in it and writes a line there. donor_v1 FILE
 */
#define MSHAREFS_API_V1
#include <linux/msharefs.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

int main(int argc, char **argv)
{
	struct mshare_create create = {
		.size = MAPPING_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED,
		.fd = -1,
	};
	struct mshare_info info = {.start = 2ULL << 40};
	char *window;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FILE\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
	check(fd >= 0, argv[1]);

	info.size = alignment(argv[1]);
	check(!ioctl(fd, MSHAREFS_SET_SIZE, &info), "MSHAREFS_SET_SIZE");
	create.addr = info.start;
	check(!ioctl(fd, MSHAREFS_CREATE_MAPPING, &create),
	      "MSHAREFS_CREATE_MAPPING");

	window = mmap((void *)info.start, info.size, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	check(window != MAP_FAILED, "mmap");
	strcpy(window, TEXT);
	printf("donor_v1: wrote \"%s\" at %p\n", window, (void *)window);
	return 0;
}
