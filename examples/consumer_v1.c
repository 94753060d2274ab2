/* SPDX-License-Identifier: MIT */
/*
 * msharefs as of v1 (January 2025), the consumer: asks where the region is,
 * maps it and reads what the donor wrote. consumer_v1 FILE
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
	struct mshare_info info;
	char *window;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FILE\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	check(fd >= 0, argv[1]);
	check(!ioctl(fd, MSHAREFS_GET_SIZE, &info), "MSHAREFS_GET_SIZE");

	window = mmap((void *)info.start, info.size, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	check(window != MAP_FAILED, "mmap");
	printf("consumer_v1: read \"%s\" at %p\n", window, (void *)window);
	return strcmp(window, TEXT) != 0;
}
