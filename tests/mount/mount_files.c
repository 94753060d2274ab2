/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 3: modes and owners, how regions can be opened,
 * what becomes of unlinked ones, and what df and stat tell. Names are
 * mount_names.c's.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define MIB (1ULL << 20)
#define OTHER_USER 65534

static uint64_t align;

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(in_mount(name), &st) ? 0 : st.st_mode;
}

/* Opens and closes it, to see whether that works. */
static int try_open(const char *name, int flags)
{
	int fd = open(in_mount(name), flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* Modes and owners */

static void root_directory(void)
{
	struct stat st;

	CU_ASSERT(!stat(mount_dir, &st));
	CU_ASSERT(st.st_mode == (S_IFDIR | 0777) && st.st_uid == geteuid());
}

static void umask_counts(void)
{
	mode_t old = umask(027);
	int fd = open(in_mount("f"), O_RDWR | O_CREAT, 0666);

	CU_ASSERT(!mkdir(in_mount("d"), 0777));
	CU_ASSERT(!mknod(in_mount("n"), S_IFREG | 0666, 0));
	umask(old);
	CU_ASSERT(mode_of("f") == (S_IFREG | 0640));
	CU_ASSERT(mode_of("d") == (S_IFDIR | 0750));
	CU_ASSERT(mode_of("n") == (S_IFREG | 0640));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")) && !unlink(in_mount("n")));
	CU_ASSERT(!rmdir(in_mount("d")));
}

static void attributes(void)
{
	const struct timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 7},
					  {.tv_sec = 2000, .tv_nsec = 9}};
	const struct timespec one[2] = {{.tv_nsec = UTIME_OMIT},
					{.tv_nsec = UTIME_NOW}};
	int fd = region_create("f", 0);
	struct stat st;

	CU_ASSERT(!chmod(in_mount("f"), 0640));
	CU_ASSERT(mode_of("f") == (S_IFREG | 0640));
	CU_ASSERT(!fchmod(fd, 0604) && mode_of("f") == (S_IFREG | 0604));
	CU_ASSERT(!utimensat(AT_FDCWD, in_mount("f"), times, 0));
	CU_ASSERT(!fstat(fd, &st));
	CU_ASSERT(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 7);
	CU_ASSERT(st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 9);
	CU_ASSERT(st.st_ctim.tv_sec > 2000);
	CU_ASSERT(!futimens(fd, one) && !fstat(fd, &st));
	CU_ASSERT(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec > 2000);
	CU_ASSERT(st.st_uid == geteuid() && st.st_gid == getegid());
	CU_ASSERT(!fchown(fd, (uid_t)-1, getegid()));
	if (geteuid()) {
		CU_ASSERT(fails(fchown(fd, 0, (gid_t)-1), EPERM));
		CU_ASSERT(fails(fchown(fd, (uid_t)-1, 0), EPERM));
	} else {
		CU_ASSERT(!fchown(fd, OTHER_USER, 12345) && !fstat(fd, &st));
		CU_ASSERT(st.st_uid == OTHER_USER && st.st_gid == 12345);
	}
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* A change to a region updates its times. */
static void times_of_changes(void)
{
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	int fd = region_create("f", align);
	struct stat st;

	CU_ASSERT(!futimens(fd, times) && !region_add(fd, 0, 4096));
	CU_ASSERT(!fstat(fd, &st) && st.st_mtim.tv_sec > 1000);
	CU_ASSERT(!futimens(fd, times) && !region_unmap_range(fd, 0, 4096));
	CU_ASSERT(!fstat(fd, &st) && st.st_mtim.tv_sec > 1000);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void with_modes(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!chmod(in_mount("f"), 0400));
	CHILD_ASSERT(!try_open("f", O_RDONLY));
	CHILD_ASSERT(fails(try_open("f", O_RDWR), EACCES));
	CHILD_ASSERT(fails(try_open("f", O_WRONLY), EACCES));
	CHILD_ASSERT(fails(truncate(in_mount("f"), (off_t)align), EACCES));
	CHILD_ASSERT(!chmod(in_mount("f"), 0200));
	CHILD_ASSERT(!try_open("f", O_WRONLY));
	CHILD_ASSERT(fails(try_open("f", O_RDONLY), EACCES));
	CHILD_ASSERT(fails(try_open("f", O_RDWR), EACCES));
	/* Only the owner's bits apply to the owner. */
	CHILD_ASSERT(!chmod(in_mount("f"), 0066));
	CHILD_ASSERT(fails(try_open("f", O_RDONLY), EACCES));
	CHILD_ASSERT(fails(try_open("f", O_WRONLY), EACCES));

	CHILD_ASSERT(!chmod(in_mount("d"), 0500));
	CHILD_ASSERT(!try_open("d/f", O_RDWR));
	CHILD_ASSERT(fails(try_open("d/g", O_RDWR | O_CREAT), EACCES));
	CHILD_ASSERT(fails(mkdir(in_mount("d/e"), 0700), EACCES));
	CHILD_ASSERT(fails(link(in_mount("f"), in_mount("d/e")), EACCES));
	CHILD_ASSERT(fails(unlink(in_mount("d/f")), EACCES));
	CHILD_ASSERT(fails(rename(in_mount("d/f"), in_mount("g")), EACCES));
	CHILD_ASSERT(fails(rename(in_mount("f"), in_mount("d/g")), EACCES));
	CHILD_ASSERT(!chmod(in_mount("d"), 0600));
	CHILD_ASSERT(fails(try_open("d/f", O_RDWR), EACCES));
	CHILD_ASSERT(!try_open("d", O_RDONLY));
	CHILD_ASSERT(!chmod(in_mount("d"), 0300));
	CHILD_ASSERT(!try_open("d/f", O_RDWR));
	CHILD_ASSERT(fails(try_open("d", O_RDONLY), EACCES));
}

static void permissions(void)
{
	int fd = region_create("f", 0), other;

	CU_ASSERT(!mkdir(in_mount("d"), 0700));
	other = region_create("d/f", 0);
	CU_ASSERT(!without_privilege(with_modes, NULL));
	/* Modes do not stop root. */
	CU_ASSERT(!chmod(in_mount("f"), 0));
	CU_ASSERT(!chmod(in_mount("d"), 0));
	if (geteuid()) {
		CU_ASSERT(fails(try_open("f", O_RDWR), EACCES));
		CU_ASSERT(fails(try_open("d/f", O_RDWR), EACCES));
	} else {
		CU_ASSERT(!try_open("f", O_RDWR));
		CU_ASSERT(!try_open("d/f", O_RDWR));
	}
	close(fd);
	close(other);
	CU_ASSERT(!chmod(in_mount("d"), 0700));
	CU_ASSERT(!unlink(in_mount("f")) && !unlink(in_mount("d/f")));
	CU_ASSERT(!rmdir(in_mount("d")));
}

static void set_group_id_directory(void)
{
	gid_t group = geteuid() ? getegid() : 12345;
	struct stat st;
	int fd;

	CU_ASSERT(!mkdir(in_mount("d"), 0755));
	CU_ASSERT(!chown(in_mount("d"), (uid_t)-1, group));
	CU_ASSERT(!chmod(in_mount("d"), 02755));
	CU_ASSERT(mode_of("d") == (S_IFDIR | 02755));
	fd = region_create("d/f", 0);
	CU_ASSERT(!fstat(fd, &st));
	CU_ASSERT(st.st_gid == group && st.st_mode == (S_IFREG | 0600));
	CU_ASSERT(!mkdir(in_mount("d/e"), 0700));
	CU_ASSERT(!stat(in_mount("d/e"), &st));
	CU_ASSERT(st.st_gid == group && st.st_mode == (S_IFDIR | 02700));
	close(fd);
	CU_ASSERT(!unlink(in_mount("d/f")) && !rmdir(in_mount("d/e")));
	CU_ASSERT(!rmdir(in_mount("d")));
}

/* The file is for control only */

static void no_data(int fd)
{
	char byte = 'x';
	struct iovec iov = {&byte, 1};

	CU_ASSERT(fails(read(fd, &byte, 1), EINVAL));
	CU_ASSERT(fails(pread(fd, &byte, 1, 0), EINVAL));
	CU_ASSERT(fails(pread(fd, &byte, 1, (off_t)align), EINVAL));
	CU_ASSERT(fails(readv(fd, &iov, 1), EINVAL));
	CU_ASSERT(fails(write(fd, &byte, 1), EINVAL));
	CU_ASSERT(fails(pwrite(fd, &byte, 1, 0), EINVAL));
	CU_ASSERT(fails(pwrite(fd, &byte, 1, (off_t)align), EINVAL));
	CU_ASSERT(fails(writev(fd, &iov, 1), EINVAL));
}

static void no_read_no_write(void)
{
	int fd = region_create("f", 0);
	struct stat st;

	no_data(fd);
	CU_ASSERT(!fstat(fd, &st) && st.st_size == 0);
	CU_ASSERT(!ftruncate(fd, (off_t)align));
	no_data(fd);
	CU_ASSERT(!region_add(fd, 0, 4096));
	no_data(fd);
	CU_ASSERT(!fstat(fd, &st) && (uint64_t)st.st_size == align);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* O_TRUNC works while there is nothing to truncate, and fails afterwards. */
static void open_truncating(void)
{
	int fd = open(in_mount("f"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct stat st;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!try_open("f", O_RDWR | O_TRUNC));
	CU_ASSERT(!try_open("f", O_RDWR | O_TRUNC | O_CREAT));
	CU_ASSERT(!ftruncate(fd, (off_t)align) && !region_add(fd, 0, 4096));
	CU_ASSERT(fails(try_open("f", O_RDWR | O_TRUNC), EINVAL));
	CU_ASSERT(fails(try_open("f", O_WRONLY | O_TRUNC | O_CREAT), EINVAL));
	CU_ASSERT(!fstat(fd, &st) && (uint64_t)st.st_size == align);
	CU_ASSERT(region_mapped(fd) == 4096);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/*
 * Every request that changes a region, of either revision, needs write access.
 */
static void changes_need_write_access(void)
{
	const uint64_t start = 0x200000000000;
	int fd = region_create("f", 0), sized = region_create("g", align);
	int ro = open(in_mount("f"), O_RDONLY), wo;
	uint64_t at, size;

	CU_ASSERT(fails(v1_set_size(ro, start, align), EACCES));
	CU_ASSERT(fails(ftruncate(ro, (off_t)align), EINVAL));
	CU_ASSERT(fails(fallocate(ro, 0, 0, (off_t)align), EBADF));
	CU_ASSERT(!v1_get_size(fd, &at, &size) && size == 0);
	close(ro);
	ro = open(in_mount("g"), O_RDONLY);
	CU_ASSERT(!region_add(sized, 0, 4096));
	CU_ASSERT(fails(region_add(ro, 4096, 4096), EACCES));
	CU_ASSERT(fails(v1_add(ro, 4096, 4096), EACCES));
	CU_ASSERT(fails(region_unmap_range(ro, 0, 4096), EACCES));
	CU_ASSERT(fails(v1_unmap(ro, 0, 4096), EACCES));
	CU_ASSERT(region_mapped(sized) == 4096);
	CU_ASSERT(!v1_get_size(ro, &at, &size) && size == align);
	wo = open(in_mount("g"), O_WRONLY);
	CU_ASSERT(!region_add(wo, 4096, 4096));
	CU_ASSERT(!region_unmap_range(wo, 0, 4096));
	CU_ASSERT(region_mapped(ro) == 4096);
	close(ro);
	close(wo);
	close(fd);
	close(sized);
	CU_ASSERT(!unlink(in_mount("f")) && !unlink(in_mount("g")));
}

/* Unlinked regions */

static bool memory_back(void *before)
{
	/* 256 MiB are mapped; of small pages, others take some meanwhile. */
	return memory_held() < *(long *)before + 128 * 1024;
}

/* Unlinking changes nothing for a process that has the region open. */
static void unlinked_but_open(void)
{
	long before = memory_held();
	int fd = region_create("f", align);
	char *at = region_window(fd, align), *second;
	struct stat st;

	CU_ASSERT_FATAL(at && !region_add(fd, 0, 128 * MIB));
	at[0] = 'a';
	CU_ASSERT(!unlink(in_mount("f")));
	CU_ASSERT(!fstat(fd, &st) && st.st_nlink == 0);
	CU_ASSERT((uint64_t)st.st_size == align);
	CU_ASSERT(!region_add(fd, 128 * MIB, 136 * MIB));
	CU_ASSERT(!region_unmap_range(fd, 8 * MIB, 8 * MIB));
	CU_ASSERT(region_mapped(fd) == 256 * MIB);
	second = region_window(fd, align);
	CU_ASSERT_FATAL(second != NULL);
	second[128 * MIB] = 'b';
	CU_ASSERT(second[0] == 'a' && at[128 * MIB] == 'b');
	CU_ASSERT(try_read(at + 8 * MIB).signal != 0);
	CU_ASSERT(!memory_back(&before));
	/* A new region of that name is a different one. */
	CU_ASSERT(!close(region_create("f", 0)) && !unlink(in_mount("f")));
	CU_ASSERT(!munmap(second, align) && !munmap(at, align));
	CU_ASSERT(!memory_back(&before));
	close(fd);
	CU_ASSERT(wait_until(memory_back, &before));
}

/* A window keeps the region too, and needs no open file. */
static void window_outlives_file(void)
{
	long before = memory_held();
	int fd = region_create("f", align);
	char *at = region_window(fd, align);

	CU_ASSERT_FATAL(at && !region_add(fd, 0, 256 * MIB));
	at[0] = 'a';
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
	usleep(100000); /* the daemon hears of it a little later */
	CU_ASSERT(at[0] == 'a');
	memset(at, 'b', 256 * MIB);
	CU_ASSERT(at[256 * MIB - 1] == 'b');
	CU_ASSERT(try_read(at + 256 * MIB).signal != 0);
	CU_ASSERT(!memory_back(&before));
	CU_ASSERT(!munmap(at, align));
	CU_ASSERT(wait_until(memory_back, &before));
}

/* A region with a name needs neither open files nor windows. */
static void name_keeps_memory(void)
{
	int fd = region_create("f", align);
	char *at = region_window(fd, align);

	CU_ASSERT_FATAL(at && !region_add(fd, 0, 4096));
	at[17] = 'a';
	CU_ASSERT(!munmap(at, align));
	close(fd);
	fd = open(in_mount("f"), O_RDWR);
	CU_ASSERT(region_mapped(fd) == 4096);
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
	CU_ASSERT(at[17] == 'a' && !munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* What is shown about memory */

/* Returns the bytes in use as df counts them. */
static uint64_t fs_used(struct statvfs *fs)
{
	CU_ASSERT(!statvfs(mount_dir, fs));
	return (fs->f_blocks - fs->f_bfree) * fs->f_frsize;
}

/*
 * Memory is taken by the block, however little is mapped. false: not so, or
 * other programs took or gave back huge pages of the same pool meanwhile.
 */
static bool figures_follow(int fd)
{
	struct statvfs fs;
	uint64_t before = fs_used(&fs), full, half, empty;

	CU_ASSERT(!region_add(fd, 0, 64 * MIB + 1));
	full = fs_used(&fs);
	CU_ASSERT(!region_unmap_range(fd, 0, 32 * MIB));
	half = fs_used(&fs);
	CU_ASSERT(!region_unmap_range(fd, 0, align));
	empty = fs_used(&fs);
	return full == before + 64 * MIB + fs.f_bsize &&
	       half == before + 32 * MIB + fs.f_bsize && empty == before;
}

static void file_system_figures(void)
{
	const char *backing = getenv("MSHARE_TEST_BACKING");
	int fd = region_create("f", align);
	bool follow = false;
	struct statvfs fs;

	CU_ASSERT(!statvfs(mount_dir, &fs));
	CU_ASSERT(fs.f_frsize == fs.f_bsize && fs.f_namemax == 255);
	CU_ASSERT(fs.f_bfree <= fs.f_blocks && fs.f_bavail == fs.f_bfree);
	CU_ASSERT(fs.f_files >= 3); /* the root, mshare_info and this one */
	if (backing)
		CU_ASSERT(fs.f_bsize ==
			  (strcmp(backing, "shmem") ? 2 * MIB : 4096));
	for (int i = 0; i < 50 && !follow; i++)
		follow = figures_follow(fd);
	CU_ASSERT(follow);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* st_size is the region, st_blocks what is mapped now, for everyone. */
static void size_and_blocks(void)
{
	int fd = region_create("f", align), other = open(in_mount("f"), 0);
	struct stat st;

	CU_ASSERT(region_mapped(other) == 0);
	CU_ASSERT(!region_add(fd, 0, 4 * MIB));
	CU_ASSERT(region_mapped(other) == 4 * MIB);
	CU_ASSERT(!region_add(fd, align - 4096, 4096));
	CU_ASSERT(region_mapped(other) == 4 * MIB + 4096);
	CU_ASSERT(!region_add(fd, 2 * MIB, 4 * MIB));
	CU_ASSERT(!stat(in_mount("f"), &st));
	CU_ASSERT((uint64_t)st.st_blocks * 512 == 6 * MIB + 4096);
	CU_ASSERT((uint64_t)st.st_size == align);
	CU_ASSERT(!region_unmap_range(fd, 4096, 8192));
	CU_ASSERT(region_mapped(other) == 6 * MIB - 4096);
	CU_ASSERT(!region_unmap_range(fd, 0, align));
	CU_ASSERT(region_mapped(other) == 0);
	close(other);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* As another user, in a mount that lets others in. */
static void as_stranger(void *arg)
{
	char *at;
	int fd;

	(void)arg;
	CHILD_ASSERT(!setgid(OTHER_USER) && !setuid(OTHER_USER));
	CHILD_ASSERT(fails(try_open("secret", O_RDONLY), EACCES));
	CHILD_ASSERT(fails(unlink(in_mount("secret")), EPERM));
	CHILD_ASSERT(fails(unlink(in_mount("public")), EPERM));
	CHILD_ASSERT(
		fails(rename(in_mount("public"), in_mount("mine")), EPERM));
	CHILD_ASSERT(fails(chmod(in_mount("public"), 0666), EPERM));
	CHILD_ASSERT(fails(try_open("public", O_RDWR), EACCES));
	fd = open(in_mount("public"), O_RDONLY);
	CHILD_ASSERT(fd >= 0);
	CHILD_ASSERT(fails(region_add(fd, 4096, 4096), EACCES));
	at = mmap(NULL, align, PROT_READ, MAP_SHARED, fd, 0);
	CHILD_ASSERT(at != MAP_FAILED && at[0] == 'a');
	CHILD_ASSERT(try_write(at, 'b').signal != 0);
	CHILD_ASSERT(fails(mprotect(at, align, PROT_WRITE), EINVAL));
	fd = region_create("mine", align);
	CHILD_ASSERT(fd >= 0 && !region_add(fd, 0, 4096));
	CHILD_ASSERT(!unlink(in_mount("mine")));
}

static void others_come_in(void)
{
	int fd, secret;
	char *at;

	if (geteuid()) {
		/* Without root nobody else can enter the mount. */
		CU_ASSERT((mode_of(".") & 07777) == 0777);
		return;
	}
	CU_ASSERT_FATAL(other_mount_start("allow_other"));
	CU_ASSERT((mode_of(".") & 07777) == 01777);
	fd = region_create("public", align);
	secret = region_create("secret", align);
	CU_ASSERT(!fchmod(fd, 0644) && !region_add(fd, 0, 4096));
	at = region_window(fd, align);
	CU_ASSERT(at != NULL);
	if (at) { /* a fatal assertion would leave the mount behind */
		at[0] = 'a';
		CU_ASSERT(!in_child(as_stranger, NULL));
		CU_ASSERT(at[0] == 'a' && region_mapped(fd) == 4096);
		CU_ASSERT(!munmap(at, align));
	}
	close(fd);
	close(secret);
	other_mount_end();
}

static const struct test tests[] = {
	{"root directory", root_directory},
	{"umask", umask_counts},
	{"chmod, utimens, chown", attributes},
	{"times of changes", times_of_changes},
	{"permissions", permissions},
	{"set-group-ID directories", set_group_id_directory},
	{"no read, no write", no_read_no_write},
	{"open with O_TRUNC", open_truncating},
	{"changes need write access", changes_need_write_access},
	{"unlinked but open", unlinked_but_open},
	{"a window outlives its file", window_outlives_file},
	{"a name keeps memory", name_keeps_memory},
	{"statfs", file_system_figures},
	{"st_size and st_blocks", size_and_blocks},
	{"other users", others_come_in},
};

static void look(void)
{
	align = mount_align();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_files", NULL, tests, N_TESTS(tests));
}
