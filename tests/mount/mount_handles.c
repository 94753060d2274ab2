/* SPDX-License-Identifier: MIT */
/*
 * What can be done with an open file or directory: as on tmpfs, but that a
 * region has no data to read or write.
 */
#include "harness/harness.h"
#include "harness/twins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/msharefs.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NO_DATA "a region has no data to read or write"
#define SIZE_ONCE "the size is set once, and is a multiple of the alignment"

static const struct own own[] = {
	{"data", "no data: *", "0", "EINVAL", ALWAYS, NO_DATA},
	{"handles", "ioctl(*FLAGS*", "0", "ENOTTY", ALWAYS,
	 "there are no flags as of chattr(1)"},
	{"handles", "ioctl(*FSGETXATTR*", "0", "ENOTTY", ALWAYS,
	 "there are no flags as of chattr(1)"},
	{"handles", "epoll_ctl(*", "EPERM", "0", ALWAYS,
	 "FUSE lets every file be polled; it is always ready"},
	{"handles", "ioctl(fd, FIBMAP*", "EINVAL", "0", AS_ROOT,
	 "FUSE says 0, no block, where there are no blocks"},
	{"directories", "lseek(dir, 0, SEEK_DATA)", "EINVAL", "0", ALWAYS,
	 "FUSE lets a directory be sought like a file"},
	{"directories", "lseek(dir, 0, SEEK_HOLE)", "EINVAL", "0", ALWAYS,
	 "FUSE lets a directory be sought like a file"},
	{"directories", "lseek to the end", "EINVAL", "0", ALWAYS,
	 "FUSE lets a directory be sought like a file"},
	{"handles", "fcntl(fd, F_GET_SEALS)", "0", "EINVAL", ALWAYS,
	 "seals are of memfd_create(2)"},
	{"handles", "fcntl(fd, F_ADD_SEALS*", "EPERM", "EINVAL", ALWAYS,
	 "seals are of memfd_create(2)"},
	{"sizes", "own: *truncate(*", "0", "EINVAL", ALWAYS, SIZE_ONCE},
	{"sizes", "own: fallocate(fd, 0, 4096, 4096)", "0", "EINVAL", ALWAYS,
	 SIZE_ONCE},
	{"sizes", "own: fallocate(fd, FALLOC_FL_*", "0", "EOPNOTSUPP", ALWAYS,
	 SIZE_ONCE},
	{"statxs", "btime", "1", "0", ALWAYS,
	 "libfuse 3.14 does not hand statx() on"},
	{"statxs", "attributes", "0 *", "0 *", ALWAYS,
	 "there are no flags as of chattr(1)"},
};

static int open_new(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	CHILD_ASSERT(fd >= 0);
	return fd;
}

static int open_dir(const char *name)
{
	int fd;

	CHILD_ASSERT(!mkdir(name, 0755));
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHILD_ASSERT(fd >= 0);
	return fd;
}

/* Reading and writing: nothing of it */

#define NO_DATA_OF(call) note_result("no data: " #call, (long)(call))

static void data(void)
{
	int fd = open_new("f"), other = open_new("g"), dir = open_dir("d");
	int ro = open("f", O_RDONLY | O_CLOEXEC);
	int wo = open("f", O_WRONLY | O_CLOEXEC), pipes[2];
	char buf[8192] __attribute__((aligned(4096))) = "";
	struct iovec iov = {buf, 10};
	off_t at = 0;

	CHILD_ASSERT(!pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
	NO_DATA_OF(write(fd, buf, 10));
	NO_DATA_OF(pwrite(fd, buf, 10, 4096));
	NO_DATA_OF(writev(fd, &iov, 1));
	NO_DATA_OF(pwritev2(fd, &iov, 1, 0, RWF_APPEND));
	NO_DATA_OF(read(fd, buf, 10));
	NO_DATA_OF(pread(fd, buf, 10, 0));
	NO_DATA_OF(readv(fd, &iov, 1));
	NO_DATA_OF(sendfile(pipes[1], fd, &at, 10));
	at = 0;
	NO_DATA_OF(splice(fd, &at, pipes[1], NULL, 10, 0));
	CHILD_ASSERT(write(pipes[1], buf, 10) == 10);
	NO_DATA_OF(splice(pipes[0], NULL, fd, NULL, 10, 0));
	NO_DATA_OF(copy_file_range(fd, &at, other, NULL, 10, 0));
	/* What fails before there is a question of data. */
	TRY(write(ro, buf, 10));
	TRY(read(wo, buf, 10));
	TRY(pread(fd, buf, 10, -1));
	TRY(pwrite(fd, buf, 10, -1));
	TRY(read(dir, buf, 10));
	TRY(write(dir, buf, 10));
	TRY(pread(dir, buf, 10, 0));
	TRY(sendfile(ro, pipes[0], NULL, 10));
	TRY(copy_file_range(wo, NULL, fd, NULL, 10, 0));
	TRY(copy_file_range(fd, NULL, ro, NULL, 10, 0));
	TRY(copy_file_range(dir, NULL, fd, NULL, 10, 0));
	TRY(copy_file_range(fd, NULL, dir, NULL, 10, 0));
	TRY(copy_file_range(fd, NULL, other, NULL, 10, 1));
}

/* Sizes: once */

#define OWN_SIZE(call) note_result("own: " #call, (long)(call))

static void sizes(void)
{
	const off_t align = (off_t)mount_align();
	int fd = open_new("f"), dir = open_dir("d");
	int ro = open("f", O_RDONLY | O_CLOEXEC);
	int path = open("f", O_PATH | O_CLOEXEC);

	TRY(ftruncate(fd, -1));
	TRY(ftruncate(ro, align));
	TRY(ftruncate(path, align));
	TRY(ftruncate(dir, align));
	TRY(ftruncate(-1, align));
	TRY(truncate("f", -1));
	TRY(truncate("d", align));
	TRY(truncate("none", align));
	TRY(truncate("f/x", align));
	OWN_SIZE(truncate("f", INT64_MAX));
	OWN_SIZE(truncate("f", 1));
	OWN_SIZE(ftruncate(fd, 0));
	TRY(fallocate(fd, 0, -1, align));
	TRY(fallocate(fd, 0, 0, 0));
	TRY(fallocate(fd, 0, 0, -1));
	TRY(fallocate(fd, 0x40000000, 0, align));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, align));
	TRY(fallocate(ro, 0, 0, align));
	TRY(fallocate(dir, 0, 0, align));
	TRY(fallocate(path, 0, 0, align));
	TRY(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
	TRY(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096));
	TRY(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096));
	OWN_SIZE(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096));
	OWN_SIZE(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			   4096));
	OWN_SIZE(fallocate(fd, 0, 4096, 4096));
	TRY(truncate("f", align));
	OWN_SIZE(truncate("f", align));
	OWN_SIZE(truncate("f", 2 * align));
	TRY(truncate("f", -1));
}

/* lseek() */

static void note_seek(int fd, off_t offset, int whence)
{
	off_t at = lseek(fd, offset, whence);

	note("lseek %lld %d: %lld %s, %lld", (long long)offset, whence,
	     (long long)at, at < 0 ? strerrorname_np(errno) : "",
	     (long long)lseek(fd, 0, SEEK_CUR));
}

static void seeks(void)
{
	const off_t align = (off_t)mount_align();
	const off_t places[] = {0,	   1,	      -1,	 4096,
				align - 1, align,     align + 1, -align,
				2 * align, INT64_MAX, INT64_MIN};
	int fd = open_new("f"), path = open("f", O_PATH | O_CLOEXEC);

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N_TESTS(places); i++)
			for (int whence = 0; whence < 6; whence++)
				note_seek(fd, places[i], whence);
		CHILD_ASSERT(round || !ftruncate(fd, align));
	}
	note_seek(path, 0, SEEK_SET);
}

/* The same places are data here that were written there. */
static void holes(void)
{
	const off_t align = (off_t)mount_align();
	int fd = open_new("f");

	CHILD_ASSERT(!ftruncate(fd, align));
	for (off_t at = 8192; at < 64 << 10; at += 16384) {
		char page[4096] = "x";

		if (region_add(fd, (uint64_t)at, 4096) &&
		    pwrite(fd, page, 4096, at) != 4096)
			CHILD_ASSERT(false);
	}
	for (off_t at = -4096; at < 80 << 10; at += 2048) {
		note_seek(fd, at, SEEK_DATA);
		note_seek(fd, at, SEEK_HOLE);
	}
	note_seek(fd, align - 1, SEEK_HOLE);
	note_seek(fd, align, SEEK_HOLE);
}

/* Whatever else takes a descriptor */

static void try_flags(int fd)
{
	TRY(fcntl(fd, F_SETFL, O_APPEND));
	note("flags: %#x", fcntl(fd, F_GETFL));
	TRY(fcntl(fd, F_SETFL, O_DIRECT));
	TRY(fcntl(fd, F_SETFL, O_NONBLOCK | O_NOATIME));
	note("flags: %#x", fcntl(fd, F_GETFL));
	TRY(fcntl(fd, F_SETFL, O_ASYNC));
	TRY(fcntl(fd, F_SETFL, 0));
}

static void try_all(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC), n = 0;
	struct fsxattr fsx;
	unsigned long x = 0;
	struct {
		struct file_handle handle;
		unsigned char space[MAX_HANDLE_SZ];
	} h = {.handle.handle_bytes = MAX_HANDLE_SZ};

	TRY(fsync(fd));
	TRY(fdatasync(fd));
	TRY(syncfs(fd));
	TRY(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
	TRY(sync_file_range(fd, -1, 4096, SYNC_FILE_RANGE_WRITE));
	for (int advice = 0; advice < 7; advice++)
		note("posix_fadvise %d: %d", advice,
		     posix_fadvise(fd, 0, 4096, advice));
	note("posix_fadvise: %d", posix_fadvise(fd, 0, -1, 0));
	TRY(readahead(fd, 0, 4096));
	try_flags(fd);
	note("poll: %d %#x", poll(&p, 1, 0), p.revents);
	TRY(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	close(epoll);
	TRY(ioctl(fd, FIONREAD, &n));
	TRY(ioctl(fd, FIOCLEX, 0));
	TRY(ioctl(fd, TCGETS, &x));
	TRY(ioctl(fd, 0x12345678, &x));
	TRY(ioctl(fd, FICLONE, fd));
	TRY(ioctl(fd, FS_IOC_FIEMAP, NULL));
	TRY(ioctl(fd, FIBMAP, &n));
	TRY(ioctl(fd, FS_IOC_GETFLAGS, &x));
	TRY(ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	TRY(fcntl(fd, F_GETPIPE_SZ));
	TRY(fcntl(fd, F_GETOWN));
	TRY(fcntl(fd, F_GETLEASE));
	TRY(fcntl(fd, F_SETLEASE, F_UNLCK));
	TRY(fcntl(fd, F_GET_RW_HINT, &x));
	TRY(fcntl(fd, F_GET_SEALS));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	TRY(name_to_handle_at(fd, "", &h.handle, &n, AT_EMPTY_PATH));
}

static void handles(void)
{
	int fd = open_new("f");

	try_all(fd);
	close(fd);
	for (int mode = O_RDONLY; mode <= O_WRONLY; mode++) {
		fd = open("f", mode | O_CLOEXEC);
		try_all(fd);
		close(fd);
	}
	fd = open_dir("d");
	try_all(fd);
	close(fd);
	fd = open("f", O_PATH | O_CLOEXEC);
	try_all(fd);
	close(fd);
}

/* statx() and getdents() */

static void note_statx(const char *name)
{
	struct statx st;

	CHILD_ASSERT(!statx(AT_FDCWD, name, AT_STATX_SYNC_AS_STAT,
			    STATX_BASIC_STATS | STATX_BTIME, &st));
	note("basic: %d %o %u %llu %llu %u",
	     (st.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS,
	     st.stx_mode, st.stx_nlink, st.stx_size, st.stx_blocks,
	     st.stx_blksize);
	note("btime: %d", (st.stx_mask & STATX_BTIME) != 0);
	note("attributes: %llx %llx", st.stx_attributes,
	     st.stx_attributes_mask);
}

static void statxs(void)
{
	struct statx st;

	close(open_new("f"));
	close(open_dir("d"));
	note_statx("f");
	note_statx("d");
	TRY(statx(AT_FDCWD, "f", 0x800000, STATX_ALL, &st));
	TRY(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_ALL, &st));
}

static int cmp_entry(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void note_directory(const char *name)
{
	struct dirent **list;
	int n = scandir(name, &list, NULL, cmp_entry);

	CHILD_ASSERT(n >= 0);
	for (int i = 0; i < n; i++) {
		struct stat st = {0};
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", name, list[i]->d_name);
		CHILD_ASSERT(!stat(path, &st));
		note("%s: %s %d %d", name, list[i]->d_name, list[i]->d_type,
		     st.st_ino == list[i]->d_ino);
		free(list[i]);
	}
	free(list);
}

static void directories(void)
{
	char name[32], buf[64];
	int dir = open_dir("d");

	note_directory("d");
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "d/%s-%d", i % 2 ? "file" : "dir",
			 i);
		if (i % 2)
			close(open_new(name));
		else
			close(open_dir(name));
	}
	note_directory("d");
	note_directory("d/dir-0");
	TRY(getdents64(dir, buf, 1));
	TRY(getdents64(dir, buf, 0));
	note("lseek: %ld", lseek(dir, 0, SEEK_SET));
	note("lseek: %ld", lseek(dir, -1, SEEK_SET));
	note("lseek: %ld", lseek(dir, 0, SEEK_CUR));
	TRY(lseek(dir, 0, SEEK_DATA));
	TRY(lseek(dir, 0, SEEK_HOLE));
	note_result("lseek to the end", lseek(dir, 0, SEEK_END));
}

#define SCENARIO(name)                                         \
	static void run_##name(void)                           \
	{                                                      \
		compare_twins(#name, name, own, N_TESTS(own)); \
	}

SCENARIO(data)
SCENARIO(sizes)
SCENARIO(seeks)
SCENARIO(holes)
SCENARIO(handles)
SCENARIO(statxs)
SCENARIO(directories)

static const struct test tests[] = {
	{"no reading or writing", run_data},
	{"sizes", run_sizes},
	{"lseek", run_seeks},
	{"data and holes", run_holes},
	{"whatever takes a descriptor", run_handles},
	{"statx", run_statxs},
	{"directories", run_directories},
};

int main(void)
{
	return run_mount_tests("mount_handles", NULL, tests, N_TESTS(tests));
}
