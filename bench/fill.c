/* SPDX-License-Identifier: MIT */
/*
 * The time until memory can be used: CREATE_MAPPING, beside fallocate() and
 * memset() of the same number of huge pages by hand.
 */
#include <fcntl.h>
#include <linux/msharefs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static double create_mapping(const char *file, size_t size)
{
	struct mshare_create create = {
		.size = size,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	double us;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die(file);
	us = now_us();
	if (ioctl(fd, MSHAREFS_CREATE_MAPPING, &create))
		die("MSHAREFS_CREATE_MAPPING");
	us = now_us() - us;
	close(fd);
	unlink(file);
	return us;
}

static int huge_file(size_t size)
{
	int fd = memfd_create("fill", MFD_HUGETLB | MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die("memfd");
	return fd;
}

static double fill_by_fallocate(size_t size)
{
	int fd = huge_file(size);
	double us = now_us();

	if (fallocate(fd, 0, 0, (off_t)size))
		die("fallocate");
	us = now_us() - us;
	close(fd);
	return us;
}

static double fill_by_memset(size_t size)
{
	int fd = huge_file(size);
	double us = now_us();
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	memset(at, 0, size);
	us = now_us() - us;
	munmap(at, size);
	close(fd);
	return us;
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);
	const size_t size = 8 * GIB;

	for (int round = 0; round < (args.quick ? 2 : 7); round++) {
		sample("fill", "msharefs", size, 0, round,
		       create_mapping(args.file, size));
		sample("fill", "fallocate", size, 0, round,
		       fill_by_fallocate(size));
		sample("fill", "memset", size, 0, round, fill_by_memset(size));
	}
	return 0;
}
