/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 3: mshare_info tells the alignment, and nothing
 * becomes of it whatever one does.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OTHER_USER 65534

static uint64_t align;

static void info_content(void)
{
	int fd = open(in_mount("mshare_info"), O_RDONLY);
	char text[64] = {0}, expected[64];
	struct stat st;
	ssize_t n;

	CU_ASSERT_FATAL(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	snprintf(expected, sizeof(expected), "%lu\n", strtoul(text, NULL, 10));
	CU_ASSERT(n > 1 && !strcmp(text, expected));
	CU_ASSERT(strtoul(text, NULL, 10) == 1UL << 30);
	CU_ASSERT(pread(fd, text, 1, 1) == 1 && text[0] == expected[1]);
	CU_ASSERT(pread(fd, text, sizeof(text), n) == 0);
	CU_ASSERT(pread(fd, text, sizeof(text), 1 << 20) == 0);
	CU_ASSERT(!fstat(fd, &st));
	CU_ASSERT(st.st_mode == (S_IFREG | 0444) && st.st_size == n);
	CU_ASSERT(st.st_uid == geteuid() && st.st_nlink == 1);
	CU_ASSERT(MAP_FAILS(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0),
			    ENODEV));
	CU_ASSERT(MAP_FAILS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0),
			    ENODEV));
	close(fd);
}

/* Not even root can, to whom mode bits do not apply. */
static void info_stays(void)
{
	const char *info = in_mount("mshare_info");
	int denied = geteuid() ? EACCES : EPERM;

	CU_ASSERT(fails(unlink(info), EPERM));
	CU_ASSERT(fails(rename(info, in_mount("x")), EPERM));
	CU_ASSERT(fails(link(info, in_mount("x")), EPERM));
	CU_ASSERT(fails(chmod(info, 0644), EPERM));
	CU_ASSERT(fails(utimensat(AT_FDCWD, info, NULL, 0), EPERM));
	CU_ASSERT(fails(setxattr(info, "user.a", "x", 1, 0), denied));
	CU_ASSERT(fails(getxattr(info, "user.a", NULL, 0), ENODATA));
	CU_ASSERT(fails(truncate(info, 0), denied));
	CU_ASSERT(fails(truncate(info, (off_t)align), denied));
	CU_ASSERT(fails(open(info, O_WRONLY | O_TRUNC), denied));
	CU_ASSERT(fails(rmdir(info), ENOTDIR));
	CU_ASSERT(fails(open(info, O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST));
	if (geteuid() == 0)
		CU_ASSERT(fails(chown(info, OTHER_USER, OTHER_USER), EPERM));
	CU_ASSERT(mount_align() == align);
}

static void info_is_not_written(void)
{
	int fd = open(in_mount("mshare_info"), O_RDWR);

	if (geteuid()) {
		CU_ASSERT(fails(fd, EACCES));
		return;
	}
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(fails(write(fd, "1", 1), EINVAL));
	CU_ASSERT(fails(pwrite(fd, "1", 1, 0), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, 0), EPERM));
	CU_ASSERT(fails(fallocate(fd, 0, 0, (off_t)align), EPERM));
	close(fd);
	CU_ASSERT(mount_align() == align);
}

static void info_is_not_replaced(void)
{
	const char *info = in_mount("mshare_info");
	const char *other = in_mount("f");
	int fd = region_create("f", 0);

	CU_ASSERT(fails(rename(other, info), EPERM));
	CU_ASSERT(fails(
		renameat2(AT_FDCWD, other, AT_FDCWD, info, RENAME_EXCHANGE),
		EPERM));
	CU_ASSERT(fails(
		renameat2(AT_FDCWD, info, AT_FDCWD, other, RENAME_EXCHANGE),
		EPERM));
	CU_ASSERT(mount_align() == align);
	close(fd);
	CU_ASSERT(!unlink(other));
}

static void another_alignment(void)
{
	int fd;

	CU_ASSERT_FATAL(other_mount_start("align=4G"));
	CU_ASSERT(mount_align() == 4ULL << 30);
	fd = region_create("f", 0);
	CU_ASSERT(fails(ftruncate(fd, 2L << 30), EINVAL));
	CU_ASSERT(!ftruncate(fd, 4L << 30));
	close(fd);
	other_mount_end();
}

static const struct test tests[] = {
	{"content", info_content},
	{"it stays as it is", info_stays},
	{"it is not written", info_is_not_written},
	{"it is not replaced", info_is_not_replaced},
	{"another alignment", another_alignment},
};

static void look(void)
{
	align = mount_align();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_info", NULL, tests, N_TESTS(tests));
}
