/* SPDX-License-Identifier: MIT */
#include "uffd.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/userfaultfd.h>

#include "sys.h"

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

static int ask(int fd, uint64_t features)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features};

	return sys_ioctl(fd, UFFDIO_API, &api);
}

int uffd_open(void)
{
	const uint64_t needed = UFFD_FEATURE_SIGBUS |
				UFFD_FEATURE_MISSING_HUGETLBFS |
				UFFD_FEATURE_MISSING_SHMEM;
	int err, fd = (int)SYS_CALL(SYS_userfaultfd,
				    O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		return fd;
	/* Write protection is since 5.19; windows work without. */
	err = ask(fd, needed | UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
	if (err)
		err = ask(fd, needed);
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

int uffd_register(int uffd, uintptr_t base, size_t size)
{
	struct uffdio_register reg = {
		.range = {.start = base, .len = size},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return sys_ioctl(uffd, UFFDIO_REGISTER, &reg);
}
