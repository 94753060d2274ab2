/* SPDX-License-Identifier: MIT */
/*
 * What tmpfs tells of files and directories beside their names: sizes of
 * directories, atime, set-user-id bits, extended attributes.
 */
#include "harness/harness.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "memory/backing.h"
#include "namespace/inode.h"

static struct backing backing;
static struct namespace ns;
static struct inode *root;
static struct stat st;

static void set_up(void)
{
	static const struct inode_seed seed = {S_IFDIR | 0777, 1, 2, 0};

	CU_ASSERT_FATAL(!namespace_init(&ns, &backing, 1ULL << 30, &seed));
	root = ns.root;
}

static void tear_down(void)
{
	namespace_free(&ns);
	CU_ASSERT(ns.xattr_bytes == 0);
}

static struct inode *make(struct inode *dir, const char *name, mode_t mode)
{
	const struct inode_seed seed = {mode, 1000, 1000, 0};
	struct inode *inode = NULL;

	CU_ASSERT_FATAL(!inode_create(&ns, dir, name, &seed, &inode, &st));
	return inode;
}

static off_t size_of(struct inode *inode)
{
	inode_stat(&ns, inode, &st);
	return st.st_size;
}

/* 20 bytes for each name, "." and ".." among them. */
static void test_directory_size(void)
{
	struct inode *a, *b;

	set_up();
	CU_ASSERT(size_of(root) == 60); /* mshare_info */
	a = make(root, "a", S_IFDIR | 0755);
	b = make(root, "b", S_IFDIR | 0755);
	CU_ASSERT(size_of(root) == 100 && size_of(a) == 40);
	make(a, "f", S_IFREG | 0644);
	CU_ASSERT(size_of(a) == 60);
	CU_ASSERT(!inode_rename(&ns, a, "f", b, "f", 0));
	CU_ASSERT(size_of(a) == 40 && size_of(b) == 60);
	CU_ASSERT(!inode_unlink(&ns, b, "f"));
	CU_ASSERT(size_of(b) == 40);
	CU_ASSERT(!inode_rmdir(&ns, root, "b"));
	CU_ASSERT(size_of(b) == 40 && size_of(root) == 80);
	tear_down();
}

/* Whether reading a directory with these times makes atime a new one. */
static bool is_updated(struct inode *dir, time_t atime, time_t mtime,
		       time_t ctime)
{
	bool updated;

	dir->atime = (struct timespec){atime, 5};
	dir->mtime = (struct timespec){mtime, 5};
	dir->ctime = (struct timespec){ctime, 5};
	updated = inode_accessed(&ns, dir);
	CU_ASSERT(dir->mtime.tv_sec == mtime && dir->ctime.tv_sec == ctime);
	CU_ASSERT(updated ==
		  (dir->atime.tv_sec != atime || dir->atime.tv_nsec != 5));
	return updated;
}

static void test_accessed(void)
{
	const time_t now = time(NULL);

	set_up();
	CU_ASSERT(is_updated(root, now - 10, now - 5, now - 20));
	CU_ASSERT(is_updated(root, now - 10, now - 20, now - 5));
	CU_ASSERT(is_updated(root, now - 10, now - 10, now - 20));
	CU_ASSERT(is_updated(root, now - 10, now - 20, now - 10));
	CU_ASSERT(!is_updated(root, now - 10, now - 20, now - 20));
	CU_ASSERT(!is_updated(root, now + 1000, now - 20, now - 20));
	CU_ASSERT(!is_updated(root, now - 86000, now - 90000, now - 90000));
	CU_ASSERT(is_updated(root, now - 86400, now - 90000, now - 90000));
	tear_down();
}

static mode_t left_of(struct inode *file, mode_t mode, unsigned int what)
{
	file->mode = S_IFREG | mode;
	CU_ASSERT(!inode_set(&ns, file, &st, what));
	CU_ASSERT(st.st_mode == file->mode && S_ISREG(st.st_mode));
	return file->mode & 07777;
}

static void test_set_id(void)
{
	struct inode *file;

	set_up();
	file = make(root, "f", S_IFREG | 0644);
	CU_ASSERT(left_of(file, 06777, 0) == 06777);
	CU_ASSERT(left_of(file, 06777, INODE_DROP_SETID) == 0777);
	CU_ASSERT(left_of(file, 04700, INODE_DROP_SETID) == 0700);
	/* Without the group's x bit it is no set-group-id. */
	CU_ASSERT(left_of(file, 06767, INODE_DROP_SETID) == 02767);
	CU_ASSERT(left_of(file, 06767, INODE_DROP_SGID) == 04767);
	CU_ASSERT(left_of(file, 07666, INODE_DROP_SETID | INODE_DROP_SGID) ==
		  01666);
	tear_down();
}

static void test_xattrs(void)
{
	struct inode *file;
	char buf[16];

	set_up();
	file = make(root, "f", S_IFREG | 0644);
	file->ctime = file->mtime = (struct timespec){0};
	CU_ASSERT(inode_get_xattr(&ns, file, "user.a", buf, 16) == -ENODATA);
	CU_ASSERT(inode_remove_xattr(&ns, file, "user.a") == -ENODATA);
	CU_ASSERT(file->ctime.tv_sec == 0);
	CU_ASSERT(!inode_set_xattr(&ns, file, "user.a", "x", 1, 0));
	CU_ASSERT(file->ctime.tv_sec > 0 && file->mtime.tv_sec == 0);
	CU_ASSERT(inode_get_xattr(&ns, file, "user.a", buf, 16) == 1);
	CU_ASSERT(inode_list_xattr(&ns, file, false, buf, 16) == 7);
	file->ctime = (struct timespec){0};
	CU_ASSERT(!inode_remove_xattr(&ns, file, "user.a"));
	CU_ASSERT(file->ctime.tv_sec > 0 && ns.xattr_bytes == 0);
	tear_down();
}

/* They go with the last name, and are given back. */
static void test_xattrs_go(void)
{
	struct inode *file;

	set_up();
	file = make(root, "f", S_IFREG | 0644);
	CU_ASSERT(!inode_set_xattr(&ns, file, "user.a", "x", 1, 0));
	CU_ASSERT(ns.xattr_bytes > 0);
	inode_open(&ns, file);
	CU_ASSERT(!inode_unlink(&ns, root, "f"));
	inode_forget(&ns, file, 1);
	CU_ASSERT(ns.xattr_bytes > 0);
	inode_close(&ns, file);
	CU_ASSERT(ns.xattr_bytes == 0);
	/* Those of files that are left, namespace_free() frees. */
	file = make(root, "g", S_IFREG | 0644);
	CU_ASSERT(!inode_set_xattr(&ns, file, "user.a", "x", 1, 0));
	tear_down();
}

static void test_info(void)
{
	struct inode *info = NULL;

	set_up();
	CU_ASSERT_FATAL(!inode_lookup(&ns, root, "mshare_info", &info, &st));
	CU_ASSERT(inode_set_xattr(&ns, info, "user.a", "x", 1, 0) == -EPERM);
	CU_ASSERT(inode_remove_xattr(&ns, info, "user.a") == -EPERM);
	CU_ASSERT(inode_get_xattr(&ns, info, "user.a", NULL, 0) == -ENODATA);
	CU_ASSERT(inode_list_xattr(&ns, info, true, NULL, 0) == 0);
	tear_down();
}

static const struct test tests[] = {
	{"sizes of directories", test_directory_size},
	{"atime", test_accessed},
	{"set-user-id bits", test_set_id},
	{"extended attributes", test_xattrs},
	{"extended attributes go", test_xattrs_go},
	{"those of mshare_info", test_info},
};

int main(void)
{
	return run_tests("unit_attributes", tests, N_TESTS(tests));
}
