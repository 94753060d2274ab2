/* SPDX-License-Identifier: MIT */
/*
 * msharefs as of v3 (August 2025; also v2), the consumer: maps the region
 * wherever there is room and reads what the donor wrote. consumer_v3 FILE
 */
#include <linux/msharefs.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

int main(int argc, char **argv)
{
	struct stat st;
	char *window;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FILE\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	check(fd >= 0, argv[1]);
	check(!fstat(fd, &st), "fstat");

	window = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	check(window != MAP_FAILED, "mmap");
	printf("consumer_v3: read \"%s\" at %p\n", window, (void *)window);
	return strcmp(window, TEXT) != 0;
}
