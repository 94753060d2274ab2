/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 3: names. Files, directories and links are made,
 * moved and removed as in any in-memory filesystem, and nothing else can be
 * made.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ENTRIES 500

static void touch(const char *name)
{
	int fd = open(in_mount(name), O_RDWR | O_CREAT | O_EXCL, 0600);

	CU_ASSERT(fd >= 0);
	close(fd);
}

static ino_t number(const char *name)
{
	struct stat st;

	return lstat(in_mount(name), &st) ? 0 : st.st_ino;
}

static long links(const char *name)
{
	struct stat st;

	return stat(in_mount(name), &st) ? -1 : (long)st.st_nlink;
}

static int do_mkdir(const char *name)
{
	return mkdir(in_mount(name), 0700);
}

static int do_unlink(const char *name)
{
	return unlink(in_mount(name));
}

static int do_rmdir(const char *name)
{
	return rmdir(in_mount(name));
}

static int do_link(const char *from, const char *to)
{
	return link(in_mount(from), in_mount(to));
}

static int do_rename(const char *from, const char *to, unsigned int flags)
{
	return renameat2(AT_FDCWD, in_mount(from), AT_FDCWD, in_mount(to),
			 flags);
}

static void files(void)
{
	int fd;

	CU_ASSERT(fails(open(in_mount("f"), O_RDWR), ENOENT));
	fd = open(in_mount("f"), O_RDWR | O_CREAT, 0600);
	CU_ASSERT(fd >= 0 && links("f") == 1);
	close(fd);
	fd = open(in_mount("f"), O_RDWR | O_CREAT, 0600);
	CU_ASSERT(fd >= 0);
	close(fd);
	CU_ASSERT(fails(open(in_mount("f"), O_RDWR | O_CREAT | O_EXCL, 0600),
			EEXIST));
	CU_ASSERT(fails(open(in_mount("f"), O_RDONLY | O_DIRECTORY), ENOTDIR));
	CU_ASSERT(fails(open(in_mount("f/f"), O_RDONLY), ENOTDIR));
	CU_ASSERT(fails(do_rmdir("f"), ENOTDIR));
	CU_ASSERT(!do_unlink("f"));
	CU_ASSERT(fails(do_unlink("f"), ENOENT));
	CU_ASSERT(fails(open(in_mount("f"), O_RDWR), ENOENT));
	CU_ASSERT(
		fails(open(in_mount("no/f"), O_CREAT | O_RDWR, 0600), ENOENT));
}

/* mknod(2) makes files too. */
static void file_by_mknod(void)
{
	struct stat st;

	CU_ASSERT(!mknod(in_mount("f"), S_IFREG | 0640, 0));
	CU_ASSERT(!stat(in_mount("f"), &st));
	CU_ASSERT(S_ISREG(st.st_mode) && st.st_size == 0);
	CU_ASSERT(fails(mknod(in_mount("f"), S_IFREG | 0640, 0), EEXIST));
	CU_ASSERT(!do_unlink("f"));
}

static void directories(void)
{
	long at_root = links(".");

	CU_ASSERT(!do_mkdir("d"));
	CU_ASSERT(links("d") == 2 && links(".") == at_root + 1);
	CU_ASSERT(fails(do_mkdir("d"), EEXIST));
	CU_ASSERT(!do_mkdir("d/e"));
	CU_ASSERT(links("d") == 3);
	touch("d/e/f");
	CU_ASSERT(fails(do_rmdir("d"), ENOTEMPTY));
	CU_ASSERT(fails(do_rmdir("d/e"), ENOTEMPTY));
	CU_ASSERT(fails(do_unlink("d/e"), EISDIR));
	CU_ASSERT(fails(open(in_mount("d"), O_RDWR), EISDIR));
	CU_ASSERT(fails(do_mkdir("d/e/f/g"), ENOTDIR));
	CU_ASSERT(fails(do_mkdir("d/x/g"), ENOENT));
	CU_ASSERT(number("d/e/..") == number("d"));
	CU_ASSERT(!do_unlink("d/e/f"));
	CU_ASSERT(!do_rmdir("d/e"));
	CU_ASSERT(links("d") == 2);
	CU_ASSERT(!do_rmdir("d"));
	CU_ASSERT(fails(do_rmdir("d"), ENOENT) && links(".") == at_root);
}

/* A directory that was removed but is open is empty, and stays so. */
static void removed_directory(void)
{
	struct stat st;
	int fd;

	CU_ASSERT(!do_mkdir("d"));
	fd = open(in_mount("d"), O_RDONLY | O_DIRECTORY);
	CU_ASSERT(!do_rmdir("d"));
	CU_ASSERT(!fstat(fd, &st) && st.st_nlink == 0);
	CU_ASSERT(fails(openat(fd, "f", O_RDWR | O_CREAT, 0600), ENOENT));
	CU_ASSERT(fails(mkdirat(fd, "f", 0700), ENOENT));
	close(fd);
}

static void long_names(void)
{
	char name[NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = 0;
	CU_ASSERT(fails(open(in_mount(name), O_RDWR | O_CREAT, 0600),
			ENAMETOOLONG));
	CU_ASSERT(fails(do_mkdir(name), ENAMETOOLONG));
	CU_ASSERT(fails(do_unlink(name), ENAMETOOLONG));
	CU_ASSERT(fails(do_link("mshare_info", name), ENAMETOOLONG));
	touch("f");
	CU_ASSERT(fails(do_rename("f", name, 0), ENAMETOOLONG));
	name[NAME_MAX] = 0;
	CU_ASSERT(!do_rename("f", name, 0));
	CU_ASSERT(!do_unlink(name));
}

static void hard_links(void)
{
	char path[64];
	int fd;

	touch("a");
	CU_ASSERT(!do_mkdir("d"));
	CU_ASSERT(!do_link("a", "d/b"));
	CU_ASSERT(links("a") == 2 && number("a") == number("d/b"));
	CU_ASSERT(fails(do_link("a", "d/b"), EEXIST));
	CU_ASSERT(fails(do_link("a", "d"), EEXIST));
	CU_ASSERT(fails(do_link("none", "c"), ENOENT));
	CU_ASSERT(fails(do_link("a", "none/c"), ENOENT));
	CU_ASSERT(fails(do_link("d", "e"), EPERM));
	CU_ASSERT(!do_unlink("a"));
	CU_ASSERT(links("d/b") == 1);
	fd = open(in_mount("d/b"), O_RDWR);
	CU_ASSERT(!do_unlink("d/b"));
	/* A file without names cannot get a new one. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CU_ASSERT(fails(linkat(AT_FDCWD, path, AT_FDCWD, in_mount("c"),
			       AT_SYMLINK_FOLLOW),
			ENOENT));
	close(fd);
	CU_ASSERT(!do_rmdir("d"));
}

static void rename_files(void)
{
	ino_t a, b;

	touch("a");
	touch("b");
	CU_ASSERT(!do_mkdir("d"));
	a = number("a");
	CU_ASSERT(!do_rename("a", "d/a", 0));
	CU_ASSERT(number("d/a") == a && !number("a"));
	CU_ASSERT(fails(do_rename("a", "x", 0), ENOENT));
	CU_ASSERT(fails(do_rename("b", "none/x", 0), ENOENT));
	CU_ASSERT(fails(do_rename("b", "d", 0), EISDIR));
	CU_ASSERT(fails(do_rename("b", "b/x", 0), ENOTDIR));
	/* The target is replaced. */
	CU_ASSERT(!do_rename("d/a", "b", 0));
	CU_ASSERT(number("b") == a && !number("d/a"));
	/* Two names of one file: rename() does nothing. */
	CU_ASSERT(!do_link("b", "c"));
	CU_ASSERT(!do_rename("b", "c", 0));
	CU_ASSERT(number("b") == a && number("c") == a && links("c") == 2);
	CU_ASSERT(!do_unlink("c"));

	touch("c");
	b = number("c");
	CU_ASSERT(fails(do_rename("b", "c", RENAME_NOREPLACE), EEXIST));
	CU_ASSERT(number("b") == a && number("c") == b);
	CU_ASSERT(!do_rename("b", "e", RENAME_NOREPLACE));
	CU_ASSERT(!number("b") && number("e") == a);
	CU_ASSERT(!do_unlink("e") && !do_unlink("c") && !do_rmdir("d"));
}

static void rename_directories(void)
{
	CU_ASSERT(!do_mkdir("d") && !do_mkdir("e") && !do_mkdir("d/s"));
	touch("f");
	CU_ASSERT(fails(do_rename("d", "f", 0), ENOTDIR));
	CU_ASSERT(fails(do_rename("d", "d/s/t", 0), EINVAL));
	CU_ASSERT(fails(do_rename("e", "d", 0), ENOTEMPTY));
	/* An empty directory is replaced, and ".." follows. */
	CU_ASSERT(!do_mkdir("e/s"));
	CU_ASSERT(!do_rename("d/s", "e/s", 0));
	CU_ASSERT(links("d") == 2 && links("e") == 3);
	CU_ASSERT(number("e/s/..") == number("e"));
	CU_ASSERT(!do_rename("d", "e/d", 0));
	CU_ASSERT(links("e") == 4 && number("e/d/..") == number("e"));
	CU_ASSERT(!do_rmdir("e/d") && !do_rmdir("e/s") && !do_rmdir("e"));
	CU_ASSERT(!do_unlink("f"));
}

static void rename_exchange(void)
{
	long at_root;
	ino_t d, f;

	CU_ASSERT(!do_mkdir("d") && !do_mkdir("e"));
	at_root = links(".");
	touch("d/g");
	touch("e/f");
	d = number("d");
	f = number("e/f");
	CU_ASSERT(fails(do_rename("d", "none", RENAME_EXCHANGE), ENOENT));
	CU_ASSERT(fails(do_rename("none", "d", RENAME_EXCHANGE), ENOENT));
	CU_ASSERT(
		fails(do_rename("d", "e/f", RENAME_EXCHANGE | RENAME_NOREPLACE),
		      EINVAL));
	CU_ASSERT(!do_rename("d", "e/f", RENAME_EXCHANGE));
	CU_ASSERT(number("d") == f && number("e/f") == d);
	CU_ASSERT(number("e/f/..") == number("e") && links("e") == 3);
	CU_ASSERT(number("e/f/g") && links("d") == 1);
	/* And back: this time the other one is the directory. */
	CU_ASSERT(!do_rename("d", "e/f", RENAME_EXCHANGE));
	CU_ASSERT(number("d") == d && number("e/f") == f);
	CU_ASSERT(number("d/..") == number(".") && links("e") == 2);
	CU_ASSERT(links(".") == at_root && links("e/f") == 1);
	CU_ASSERT(!do_rename("e/f", "d", RENAME_EXCHANGE));
	CU_ASSERT(number("d") == f && links(".") == at_root - 1);
	CU_ASSERT(!do_unlink("e/f/g") && !do_rmdir("e/f") && !do_rmdir("e"));
	CU_ASSERT(!do_unlink("d"));
}

/* A region stays the same when it is renamed or exchanged. */
static void region_under_new_name(void)
{
	uint64_t align = mount_align();
	int fd = region_create("a", align), other;
	char *at = region_window(fd, align), *same;

	touch("b");
	CU_ASSERT_FATAL(at && !region_add(fd, 0, 4096));
	at[0] = 'a';
	CU_ASSERT(!do_rename("a", "b", RENAME_EXCHANGE));
	CU_ASSERT(!do_rename("b", "c", 0));
	other = open(in_mount("c"), O_RDWR);
	same = region_window(other, align);
	CU_ASSERT_FATAL(same != NULL);
	CU_ASSERT(same[0] == 'a' && !munmap(same, align));
	CU_ASSERT(!munmap(at, align));
	close(other);
	close(fd);
	CU_ASSERT(!do_unlink("a") && !do_unlink("c"));
}

static void nothing_else(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, in_mount("s"));
	CU_ASSERT(fails(mkfifo(in_mount("s"), 0600), EPERM));
	CU_ASSERT(fails(mknod(in_mount("s"), S_IFCHR | 0600, 0x103), EPERM));
	CU_ASSERT(fails(mknod(in_mount("s"), S_IFBLK | 0600, 0x103), EPERM));
	CU_ASSERT(fails(symlink("target", in_mount("s")), EPERM));
	CU_ASSERT(fails(bind(sock, (struct sockaddr *)&addr, sizeof(addr)),
			EPERM));
	CU_ASSERT(fails(access(in_mount("s"), F_OK), ENOENT));
	close(sock);
}

/* Makes 500 numbered files in "d". */
static void fill(void)
{
	char name[32];

	CU_ASSERT(!do_mkdir("d"));
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "d/region-%d", i);
		touch(name);
	}
}

/*
 * Returns the file's number, -1 for "." and "..", -2 for anything unexpected.
 */
static int entry_number(const struct dirent *e)
{
	int i;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return e->d_type == DT_DIR ? -1 : -2;
	if (sscanf(e->d_name, "region-%d", &i) != 1 || i < 0 || i >= ENTRIES)
		return -2;
	return e->d_type == DT_REG ? i : -2;
}

/* Counts the files seen exactly once, and removes each if asked to. */
static int read_all(DIR *dir, bool removing)
{
	int seen[ENTRIES] = {0}, dots = 0, once = 0;
	struct dirent *e;

	while ((e = readdir(dir))) {
		int i = entry_number(e);

		CU_ASSERT(i != -2);
		if (i < 0) {
			dots++;
			continue;
		}
		seen[i]++;
		if (removing)
			CU_ASSERT(!unlinkat(dirfd(dir), e->d_name, 0));
	}
	CU_ASSERT(dots == 2);
	for (int i = 0; i < ENTRIES; i++)
		once += seen[i] == 1;
	return once;
}

static void long_directory(void)
{
	DIR *dir;

	fill();
	dir = opendir(in_mount("d"));
	CU_ASSERT_FATAL(dir != NULL);
	CU_ASSERT(read_all(dir, false) == ENTRIES);
	rewinddir(dir);
	CU_ASSERT(read_all(dir, true) == ENTRIES);
	rewinddir(dir);
	CU_ASSERT(read_all(dir, false) == 0);
	closedir(dir);
	CU_ASSERT(!do_rmdir("d"));
}

/* telldir() and seekdir(), with changes in between */
static void places_in_directory(void)
{
	char next[NAME_MAX + 1];
	struct dirent *e;
	long place;
	DIR *dir;

	fill();
	dir = opendir(in_mount("d"));
	CU_ASSERT_FATAL(dir != NULL);
	for (int i = 0; i < ENTRIES / 2; i++)
		CU_ASSERT(readdir(dir) != NULL);
	place = telldir(dir);
	e = readdir(dir);
	CU_ASSERT_FATAL(e != NULL);
	strcpy(next, e->d_name);
	touch("d/another");
	CU_ASSERT(!do_unlink("d/another"));
	rewinddir(dir);
	e = readdir(dir);
	CU_ASSERT(e && strcmp(e->d_name, next));
	seekdir(dir, place);
	e = readdir(dir);
	CU_ASSERT(e && !strcmp(e->d_name, next));
	rewinddir(dir);
	CU_ASSERT(read_all(dir, true) == ENTRIES);
	closedir(dir);
	CU_ASSERT(!do_rmdir("d"));
}

static const struct test tests[] = {
	{"files", files},
	{"a file by mknod", file_by_mknod},
	{"directories", directories},
	{"a directory that was removed", removed_directory},
	{"long names", long_names},
	{"hard links", hard_links},
	{"rename of files", rename_files},
	{"rename of directories", rename_directories},
	{"rename that exchanges", rename_exchange},
	{"a region under a new name", region_under_new_name},
	{"no devices, pipes, sockets, symlinks", nothing_else},
	{"500 entries, also while removing", long_directory},
	{"telldir and seekdir", places_in_directory},
};

int main(void)
{
	return run_mount_tests("mount_names", NULL, tests, N_TESTS(tests));
}
