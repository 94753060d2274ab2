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

/* Adds what is present in [start, end). 0 or -errno. */
static int seek(int fd, uint64_t page, const struct extent *range,
		struct present_search *search, struct extents *list)
{
	uint64_t start = range->start, end = range->end;
	int err = 0;

	for (; start < end && search->looks && !err; search->looks--) {
		off_t data = lseek(fd, (off_t)start, SEEK_DATA), hole;
		uint64_t from, to;

		if (data < 0 && errno == ENXIO)
			return 0; /* no data after start */
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
		search->left -=
			search->left < to - from ? search->left : to - from;
		start = to > start ? to : end;
	}
	if (start < end)
		search->unseen += end - start;
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

/* Where a file is mapped to look for its pages. */
struct mapped_file {
	char *base;
	struct extent whole;
	int uffd;
};

static int map_file(struct mapped_file *file, int fd,
		    const struct extent *whole)
{
	struct uffdio_register minor = {.mode = UFFDIO_REGISTER_MODE_MINOR};
	const uint64_t size = whole->end - whole->start;
	int err;

	*file = (struct mapped_file){.base = MAP_FAILED, .whole = *whole};
	file->uffd = open_minor();
	if (file->uffd < 0)
		return populate_refused(file->uffd);
	file->base = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd,
			  (off_t)whole->start);
	if (file->base == MAP_FAILED) {
		err = -errno;
		goto close;
	}
	minor.range.start = (uintptr_t)file->base;
	minor.range.len = size;
	if (!ioctl(file->uffd, UFFDIO_REGISTER, &minor))
		return 0;
	err = -EOPNOTSUPP;
	munmap(file->base, size);
close:
	close(file->uffd);
	return err;
}

static void unmap_file(struct mapped_file *file)
{
	munmap(file->base, file->whole.end - file->whole.start);
	close(file->uffd);
}

static bool is_stopped(const struct present_search *search)
{
	return search->stop && atomic_load(search->stop);
}

/* Adds what is present in range. 0 or -errno. */
static int probe(const struct mapped_file *file, uint64_t page,
		 const struct extent *range, struct present_search *search,
		 struct extents *list)
{
	uint64_t at = range->start;
	int err = 0;

	for (; at < range->end && search->left && search->looks && !err;
	     at += page, search->looks--) {
		int present =
			is_present(file->uffd,
				   file->base + (at - file->whole.start), page);

		if (present > 0)
			search->left -=
				search->left < page ? search->left : page;
		err = present > 0 ? extents_add(list, at, at + page) : present;
		if (!err && is_stopped(search))
			err = -EINTR;
	}
	if (at < range->end && search->left)
		search->unseen += range->end - at;
	return err;
}

/*
 * Files of huge pages do not support SEEK_DATA, but know how many pages they
 * have, so the search ends with the last one.
 */
static int probe_all(int fd, uint64_t page, const struct extents *where,
		     struct present_search *search, struct extents *list)
{
	const struct extent whole = {where->v[0].start,
				     where->v[where->n - 1].end};
	struct mapped_file file;
	int err;

	if (!search->left)
		return 0;
	err = map_file(&file, fd, &whole);
	if (err)
		return err;
	for (size_t i = 0; i < where->n && !err; i++)
		err = probe(&file, page, &where->v[i], search, list);
	unmap_file(&file);
	return err;
}

static int seek_all(int fd, uint64_t page, const struct extents *where,
		    struct present_search *search, struct extents *list)
{
	int err = 0;

	for (size_t i = 0; i < where->n && !err; i++)
		err = seek(fd, page, &where->v[i], search, list);
	return err;
}

int present_search(const struct backing *backing, int fd,
		   const struct extents *where, struct present_search *search,
		   struct extents *list)
{
	bool huge = backing->kind == BACKING_MEMFD ||
		    backing->kind == BACKING_HUGETLBFS;
	int err = 0;

	*list = (struct extents){0};
	search->unseen = 0;
	if (fd >= 0 && where->n)
		err = (huge ? probe_all : seek_all)(fd, backing->page, where,
						    search, list);
	if (err)
		extents_free(list);
	return err;
}

int present_pages(const struct backing *backing, int fd,
		  const struct extents *where, const atomic_bool *stop,
		  struct extents *list)
{
	struct present_search search = {
		.left = present_bytes(fd),
		.looks = UINT64_MAX,
		.stop = stop,
	};

	return present_search(backing, fd, where, &search, list);
}
