/* SPDX-License-Identifier: MIT */
/*
 * msharefs as of v3 (August 2025; also v2), the donor: makes a region, places
 * memory at its beginning and writes a line there. donor_v3 FILE
 */
#include <linux/msharefs.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

int main(int argc, char **argv)
{
	struct mshare_create create = {
		.region_offset = 0,
		.size = MAPPING_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED,
		.fd = -1,
	};
	uint64_t size;
	char *window;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FILE\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
	check(fd >= 0, argv[1]);

	size = alignment(argv[1]);
	check(!ftruncate(fd, (off_t)size), "ftruncate");
	check(!ioctl(fd, MSHAREFS_CREATE_MAPPING, &create),
	      "MSHAREFS_CREATE_MAPPING");

	window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(window != MAP_FAILED, "mmap");
	strcpy(window, TEXT);
	printf("donor_v3: wrote \"%s\" at %p\n", window, (void *)window);
	return 0;
}
