/* SPDX-License-Identifier: MIT */
/*
 * Tests what a program sees that looks for the filesystem by its type or magic
 * number, as it would with the kernel series.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/msharefs.h>
#include <mntent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *const mount_lists[] = {
	"/proc/mounts",
	"/proc/self/mounts",
	"/proc/thread-self/mounts",
	"/etc/mtab",
};

static const char *const infos[] = {
	"/proc/self/mountinfo",
	"/proc/thread-self/mountinfo",
};

#define N_LISTS (sizeof(mount_lists) / sizeof(mount_lists[0]))
#define N_INFOS (sizeof(infos) / sizeof(infos[0]))

static char text[1 << 20];

/* Returns the rest of what fd reads, and closes it. */
static const char *contents(int fd)
{
	size_t used = 0;
	ssize_t n = 0;

	while (fd >= 0 && used < sizeof(text) - 1 &&
	       (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[used] = 0;
	return text;
}

static const char *stream_contents(FILE *file)
{
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[n] = 0;
	return text;
}

static bool lists_mount(const char *list)
{
	char line[300];

	snprintf(line, sizeof(line), "\nmsharefs %s msharefs rw", mount_dir);
	return strstr(list, line) != NULL;
}

static bool lists_info(const char *list)
{
	const char *line = strstr(list, mount_dir);
	const char *end = line ? strchr(line, '\n') : NULL;
	const char *type = line ? strstr(line, " - msharefs msharefs ") : NULL;

	return type && end && type < end;
}

static void test_open(void)
{
	for (size_t i = 0; i < N_LISTS; i++) {
		const char *list = mount_lists[i];

		CU_ASSERT(lists_mount(contents(open(list, O_RDONLY))));
		CU_ASSERT(lists_mount(contents(open64(list, O_CLOEXEC))));
		CU_ASSERT(lists_mount(contents(openat(-1, list, O_NONBLOCK))));
		CU_ASSERT(lists_mount(contents(openat64(-1, list, 0))));
		CU_ASSERT(lists_mount(stream_contents(fopen(list, "r"))));
		CU_ASSERT(lists_mount(stream_contents(fopen64(list, "re"))));
	}
	for (size_t i = 0; i < N_INFOS; i++) {
		CU_ASSERT(lists_info(contents(open(infos[i], O_RDONLY))));
		CU_ASSERT(lists_info(stream_contents(fopen(infos[i], "r"))));
	}
}

/* The functions that _FORTIFY_SOURCE calls instead. */
extern int __open_2(const char *path, int flags);
extern int __open64_2(const char *path, int flags);
extern int __openat_2(int dir, const char *path, int flags);
extern int __openat64_2(int dir, const char *path, int flags);

static void test_fortified(void)
{
	const char *list = mount_lists[0];

	CU_ASSERT(lists_mount(contents(__open_2(list, O_RDONLY))));
	CU_ASSERT(lists_mount(contents(__open64_2(list, O_RDONLY))));
	CU_ASSERT(lists_mount(contents(__openat_2(-1, list, O_RDONLY))));
	CU_ASSERT(lists_mount(contents(__openat64_2(-1, list, O_RDONLY))));
	CU_ASSERT(fails(__open_2("/no/such", O_RDONLY), ENOENT));
	CU_ASSERT(fails(__openat_2(-1, "mounts", O_RDONLY), EBADF));
}

static void test_getmntent(void)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	struct mntent *m;
	int found = 0;

	while (mounts && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_dir, mount_dir)) {
			CU_ASSERT_STRING_EQUAL(m->mnt_type, "msharefs");
			CU_ASSERT_STRING_EQUAL(m->mnt_fsname, "msharefs");
			found++;
		}
	CU_ASSERT_EQUAL(found, 1);
	if (mounts)
		endmntent(mounts);
}

static void test_filesystems(void)
{
	FILE *file = fopen("/proc/filesystems", "r");
	char line[128];
	int found = 0, others = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strcmp(line, "nodev\tmsharefs\n"))
			found++;
		else
			others++;
	CU_ASSERT_EQUAL(found, 1);
	CU_ASSERT(others > 5);
	if (file)
		fclose(file);
}

/* Nothing but that one word differs in the lists of mounts. */
static void test_other_lines(void)
{
	static char ours[sizeof(text)];
	const char *argv[] = {"sh", "-c", NULL, NULL};
	char command[200], name[] = "/tmp/msharefs-view-XXXXXX";
	int fd = mkstemp(name);

	CU_ASSERT_FATAL(fd >= 0);
	snprintf(command, sizeof(command),
		 "sed 's/ fuse.msharefs / msharefs /' </proc/%d/mounts >%s",
		 getpid(), name);
	argv[2] = command;
	CU_ASSERT(!run_program(argv));
	strcpy(ours, contents(open("/proc/mounts", O_RDONLY)));
	CU_ASSERT_STRING_EQUAL(ours, contents(fd));
	CU_ASSERT(strlen(ours) > 100);
	CU_ASSERT(!unlink(name));
}

static void test_descriptor(void)
{
	int low = dup(0), fd;
	char byte;

	close(low);
	fd = open("/proc/mounts", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CU_ASSERT_EQUAL(fd, low);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CU_ASSERT(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
	CU_ASSERT(fails(write(fd, "x", 1), EBADF));
	CU_ASSERT(read(fd, &byte, 1) == 1 && !lseek(fd, 0, SEEK_SET));
	CU_ASSERT(lists_mount(contents(fd)));
	fd = open("/proc/mounts", O_RDONLY);
	CU_ASSERT(fd == low && fcntl(fd, F_GETFD) == 0 && !close(fd));
	CU_ASSERT(low == dup(0) && !close(low));
}

static bool is_of(int fd, long magic)
{
	struct statfs fs;
	bool same = fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == magic;

	if (fd >= 0)
		close(fd);
	return same;
}

static void test_open_else(void)
{
	char *bad = (char *)8;

	CU_ASSERT(fails(open(bad, O_RDONLY), EFAULT));
	CU_ASSERT(fails(openat(-1, bad, O_RDONLY), EFAULT));
	CU_ASSERT(fails(open("/proc/no-mounts", O_RDONLY), ENOENT));
	CU_ASSERT(!fopen("/proc/no-mounts", "r") && errno == ENOENT);
	/* Other files, and lists under other names, are opened unchanged. */
	CU_ASSERT(is_of(open("/proc/meminfo", O_RDONLY), PROC_SUPER_MAGIC));
	CU_ASSERT(is_of(open("/proc/self/mounts", O_PATH), PROC_SUPER_MAGIC));
	CU_ASSERT(is_of(open("/proc//mounts", O_RDONLY), PROC_SUPER_MAGIC));
}

static void test_modes(void)
{
	struct stat st;

	umask(0);
	CU_ASSERT(close(open(in_mount("m"), O_CREAT | O_RDWR, 0640)) == 0);
	CU_ASSERT(!stat(in_mount("m"), &st) && (st.st_mode & 0777) == 0640);
	CU_ASSERT(close(openat(-1, in_mount("n"), O_CREAT | O_RDWR, 0604)) ==
		  0);
	CU_ASSERT(!stat(in_mount("n"), &st) && (st.st_mode & 0777) == 0604);
	CU_ASSERT(close(open("/tmp", O_TMPFILE | O_RDWR, 0640)) == 0);
	CU_ASSERT(!unlink(in_mount("m")) && !unlink(in_mount("n")));
}

static void test_statfs(void)
{
	int fd = region_create("region", 0);
	struct statfs64 fs64;
	struct statfs fs;

	CU_ASSERT(!statfs(mount_dir, &fs) && fs.f_type == MSHARE_MAGIC);
	CU_ASSERT(!statfs64(mount_dir, &fs64) && fs64.f_type == MSHARE_MAGIC);
	CU_ASSERT_EQUAL(fs64.f_blocks, fs.f_blocks);
	CU_ASSERT(!statfs(in_mount("region"), &fs) &&
		  fs.f_type == MSHARE_MAGIC);
	CU_ASSERT(!statfs(in_mount("mshare_info"), &fs) &&
		  fs.f_type == MSHARE_MAGIC);
	CU_ASSERT(!fstatfs(fd, &fs) && fs.f_type == MSHARE_MAGIC);
	CU_ASSERT(!fstatfs64(fd, &fs64) && fs64.f_type == MSHARE_MAGIC);
	CU_ASSERT(!statfs("/proc", &fs) && fs.f_type == PROC_SUPER_MAGIC);
	CU_ASSERT(fails(statfs(in_mount("none"), &fs), ENOENT));
#ifndef __SANITIZE_ADDRESS__ /* its wrapper reads the argument */
	CU_ASSERT(fails(statfs((char *)8, &fs), EFAULT));
#endif
	CU_ASSERT(fails(fstatfs(-1, &fs), EBADF));
	CU_ASSERT(!close(fd) && !unlink(in_mount("region")));
}

/*
 * statfs() is the first call on a mount: the kernel has not looked up the root.
 */
static void test_statfs_first(void)
{
	struct statfs fs;

	CU_ASSERT_FATAL(other_mount_start(NULL));
	CU_ASSERT(!statfs(mount_dir, &fs) && fs.f_type == MSHARE_MAGIC);
	other_mount_end();
}

/* Waiting for mounts, as systemd and udisks do */

static bool is_poked(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLPRI};

	return poll(&p, 1, 0) == 1 && p.revents & POLLPRI &&
	       p.revents & POLLERR;
}

static bool epoll_is_poked(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0) == 1 &&
	       event.events & EPOLLERR && event.data.u64 == 7;
}

static const char *contents_again(int fd)
{
	size_t used = 0;
	ssize_t n;

	CU_ASSERT(!lseek(fd, 0, SEEK_SET));
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = 0;
	return text;
}

static void test_waiting(void)
{
	struct epoll_event event = {.events = EPOLLPRI, .data.u64 = 7};
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	const int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	static char before[sizeof(text)];
	char first[PATH_MAX];

	CU_ASSERT_FATAL(stream && fileno(stream) >= 0 && fd >= 0);
	strcpy(first, mount_dir);
	strcpy(before, contents_again(fd));
	CU_ASSERT(lists_info(before));
	CU_ASSERT(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	CU_ASSERT(!epoll_is_poked(epoll) && !is_poked(fileno(stream)));
	CU_ASSERT(other_mount_start(NULL));
	CU_ASSERT(epoll_is_poked(epoll) && is_poked(fileno(stream)));
	/* The same descriptor shows what came, with our type. */
	CU_ASSERT(lists_info(contents_again(fd)));
	CU_ASSERT(!strstr(text, "fuse.msharefs") && strcmp(text, before) != 0);
	rewind(stream);
	CU_ASSERT(fread(text, 1, sizeof(text), stream) > 100);
	CU_ASSERT(lists_info(text) && !strstr(text, "fuse.msharefs"));
	other_mount_end();
	CU_ASSERT(is_poked(fileno(stream)) && !strcmp(first, mount_dir));
	CU_ASSERT(!fclose(stream) && !close(fd) && !close(epoll));
}

static void test_reading(void)
{
	const int fd = open("/proc/self/mounts", O_RDONLY);
	char whole[4096], part[100], twice[2][50];
	struct iovec ranges[2] = {{twice[0], 50}, {twice[1], 50}};
	void *bad = (void *)strtoul("8", NULL, 0); /* gcc would warn */
	int copy;

	CU_ASSERT(pread(fd, whole, sizeof(whole), 0) > 300);
	CU_ASSERT(pread64(fd, part, 100, 150) == 100);
	CU_ASSERT(!memcmp(part, whole + 150, 100));
	CU_ASSERT(read(fd, part, 100) == 100 && !memcmp(part, whole, 100));
	CU_ASSERT(lseek(fd, 0, SEEK_CUR) == 100);
	CU_ASSERT(readv(fd, ranges, 2) >= 50);
	CU_ASSERT(!memcmp(twice[0], whole + 100, 50));
	CU_ASSERT(fails(read(fd, bad, 100), EFAULT));
	CU_ASSERT(fails(pread(fd, part, 100, -1), EINVAL));
	/* What another program inherits has the text in it. */
	copy = dup2(fd, 50);
	CU_ASSERT(copy == 50 &&
		  syscall(SYS_pread64, copy, part, 100, 0L) == 100 &&
		  !memcmp(part, whole, 100));
	CU_ASSERT(!lseek(copy, 0, SEEK_SET) && lists_mount(contents(copy)));
	CU_ASSERT(!close(fd));
}

/* Another file under the number of a list that was closed. */
static void test_number_reused(void)
{
	const int fd = open("/proc/self/mounts", O_RDONLY);
	char byte = 0;
	int ends[2];

	CU_ASSERT_FATAL(fd >= 0 && !pipe(ends));
	CU_ASSERT(!close(fd));
	CU_ASSERT(fcntl(ends[0], F_DUPFD, fd) == fd);
	CU_ASSERT(write(ends[1], "x", 1) == 1);
	CU_ASSERT(read(fd, &byte, 1) == 1 && byte == 'x');
	CU_ASSERT(!close(fd) && !close(ends[0]) && !close(ends[1]));
}

static const struct test tests[] = {
	{"the type in the lists of mounts", test_open},
	{"the same as _FORTIFY_SOURCE calls them", test_fortified},
	{"getmntent()", test_getmntent},
	{"/proc/filesystems", test_filesystems},
	{"nothing else in a list of mounts differs", test_other_lines},
	{"the descriptor of a list of mounts", test_descriptor},
	{"waiting for mounts", test_waiting},
	{"reading", test_reading},
	{"a number that is used again", test_number_reused},
	{"open() of anything else", test_open_else},
	{"modes are passed on", test_modes},
	{"statfs() and fstatfs()", test_statfs},
	{"statfs() of a new mount", test_statfs_first},
};

int main(void)
{
	return run_mount_tests("mount_view", NULL, tests, N_TESTS(tests));
}
