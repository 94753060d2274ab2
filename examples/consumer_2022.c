/* SPDX-License-Identifier: MIT */
/*
 * The calls of 2022, the consumer: finds out where the region is, attaches and
 * reads what the donor wrote. consumer_2022 NAME [--unlink]
 */
#include <mshare.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Reading the file of a region gives two longs, its start and size. */
static int find(const char *name, unsigned long info[2])
{
	int mount = mshare_mount_open(NULL);
	int fd = mount < 0 ? -1 : openat(mount, name, O_RDONLY);
	int found = fd >= 0 && read(fd, info, 2 * sizeof(*info)) > 0;

	if (mount < 0)
		fprintf(stderr, "%s\n", mshare_error());
	else if (!found)
		perror(name);
	if (fd >= 0)
		close(fd);
	if (mount >= 0)
		close(mount);
	return found ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned long info[2];
	char *memory;

	if (argc != 2 && (argc != 3 || strcmp(argv[2], "--unlink") != 0)) {
		fprintf(stderr, "Usage: %s NAME [--unlink]\n", argv[0]);
		return 2;
	}
	if (find(argv[1], info))
		return 1;
	memory = (char *)info[0];
	if (mshare(argv[1], memory, info[1], O_RDWR, 0)) {
		fprintf(stderr, "%s\n", mshare_error());
		return 1;
	}
	printf("consumer_2022: %s is \"%s\" at %p\n", argv[1], memory,
	       (void *)memory);
	if (argc == 3 && mshare_unlink(argv[1])) {
		fprintf(stderr, "%s\n", mshare_error());
		return 1;
	}
	return 0;
}
