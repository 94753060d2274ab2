/* SPDX-License-Identifier: MIT */
/* Finds present pages by lseek(), or for huge pages by userfaultfd. */
#include "memory/present_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/userfaultfd.h>
#include <unistd.h>

#include "memory/backing.h"
#include "memory/populate.h"

uint64_t present_bytes(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

static int seek(int fd, uint64_t page, uint64_t start, uint64_t end,
		struct extents *list)
{
	int err = 0;

	while (start < end && !err) {
		off_t data = lseek(fd, (off_t)start, SEEK_DATA), hole;
		uint64_t from, to;

		if (data < 0 && errno == ENXIO)
			break; /* no data after start */
		hole = data < 0 ? data : lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		from = (uint64_t)data / page * page;
		to = ((uint64_t)hole + page - 1) / page * page;
		if (from < start)
			from = start;
		if (to > end)
			to = end;
		err = extents_add(list, from, to);
		start = to > start ? to : end;
	}
	return err;
}

static int open_minor(void)
{
	struct uffdio_api api = {.api = UFFD_API,
				 .features = UFFD_FEATURE_MINOR_HUGETLBFS};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, UFFDIO_API, &api))
		return fd;
	close(fd);
	return -EOPNOTSUPP;
}

/*
 * 1, 0 or -errno: whether the page is present. UFFDIO_CONTINUE maps a page of
 * the file only if there is one, and never allocates it.
 */
static int is_present(int uffd, char *at, uint64_t page)
{
	struct uffdio_continue enter = {
		.range = {.start = (uintptr_t)at, .len = page},
	};

	if (!ioctl(uffd, UFFDIO_CONTINUE, &enter) || errno == EEXIST)
		return 1;
	return errno == EFAULT ? 0 : -errno;
}

/*
 * Files of huge pages do not support SEEK_DATA, but know how many pages they
 * have, so the search ends with the last one.
 */
static int probe(int fd, uint64_t page, uint64_t start, uint64_t end,
		 struct extents *list)
{
	struct uffdio_register minor = {.mode = UFFDIO_REGISTER_MODE_MINOR};
	uint64_t left = present_bytes(fd);
	int err = 0, uffd;
	char *base;

	if (!left)
		return 0;
	uffd = open_minor();
	if (uffd < 0)
		return populate_refused(uffd);
	base = mmap(NULL, end - start, PROT_READ, MAP_SHARED | MAP_NORESERVE,
		    fd, (off_t)start);
	if (base == MAP_FAILED) {
		err = -errno;
		goto close;
	}
	minor.range.start = (uintptr_t)base;
	minor.range.len = end - start;
	if (ioctl(uffd, UFFDIO_REGISTER, &minor))
		err = -EOPNOTSUPP;
	for (uint64_t at = start; at < end && left && !err; at += page) {
		int present = is_present(uffd, base + (at - start), page);

		left -= present > 0 && left >= page ? page : 0;
		err = present > 0 ? extents_add(list, at, at + page) : present;
	}
	munmap(base, end - start);
close:
	close(uffd);
	return err;
}

int present_pages(const struct backing *backing, int fd, uint64_t start,
		  uint64_t end, struct extents *list)
{
	bool huge = backing->kind == BACKING_MEMFD ||
		    backing->kind == BACKING_HUGETLBFS;
	int err = 0;

	*list = (struct extents){0};
	if (fd >= 0 && start < end)
		err = huge ? probe(fd, backing->page, start, end, list)
			   : seek(fd, backing->page, start, end, list);
	if (err)
		extents_free(list);
	return err;
}
