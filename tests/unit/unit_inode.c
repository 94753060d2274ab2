/* SPDX-License-Identifier: MIT */
/*
 * Tests the namespace: names, lookup counts, times, and when regions free
 * memory.
 */
#include "region/region_life.h"
#include "harness/harness.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/backing.h"
#include "change/mapping_change.h"
#include "namespace/inode.h"

#define UID 1000
#define GID 1001

static struct backing backing;
static uint64_t page;
static struct namespace ns;
static struct inode *root;
static struct stat st; /* filled in by the last call */

static void set_up(void)
{
	static const struct inode_seed seed = {S_IFDIR | 0777, 1, 2, 0};

	CU_ASSERT_FATAL(!namespace_init(&ns, &backing, 1ULL << 30, &seed));
	root = ns.root;
}

static void tear_down(void)
{
	namespace_free(&ns);
	CU_ASSERT(backing.held == 0);
}

static int create(struct inode *dir, const char *name, mode_t mode,
		  struct inode **out)
{
	const struct inode_seed seed = {mode, UID, GID, 0};

	return inode_create(&ns, dir, name, &seed, out, &st);
}

static struct inode *make(struct inode *dir, const char *name, mode_t mode)
{
	struct inode *inode = NULL;

	CU_ASSERT_FATAL(create(dir, name, mode, &inode) == 0);
	return inode;
}

static struct inode *make_file(struct inode *dir, const char *name)
{
	return make(dir, name, S_IFREG | 0640);
}

static struct inode *make_dir(struct inode *dir, const char *name)
{
	return make(dir, name, S_IFDIR | 0750);
}

/* Finds a name without taking a lookup that would have to be given back. */
static struct inode *find(struct inode *dir, const char *name)
{
	struct inode *inode = NULL;

	if (inode_lookup(&ns, dir, name, &inode, &st))
		return NULL;
	inode_forget(&ns, inode, 1);
	return inode;
}

static int lookup_error(struct inode *dir, const char *name)
{
	struct inode *inode;

	return inode_lookup(&ns, dir, name, &inode, &st);
}

static int rename_to(struct inode *dir, const char *name, struct inode *to_dir,
		     const char *to_name)
{
	return inode_rename(&ns, dir, name, to_dir, to_name, 0);
}

static int exchange(struct inode *dir, const char *name, struct inode *to_dir,
		    const char *to_name)
{
	return inode_rename(&ns, dir, name, to_dir, to_name, RENAME_EXCHANGE);
}

static unsigned long links(struct inode *inode)
{
	inode_stat(&ns, inode, &st);
	return st.st_nlink;
}

static bool take_dotdot(void *arg, const char *name, uint64_t number,
			mode_t mode, uint64_t cookie)
{
	(void)mode;
	(void)cookie;
	if (!strcmp(name, ".."))
		*(uint64_t *)arg = number;
	return true;
}

static bool lies_in(struct inode *dir, struct inode *parent)
{
	uint64_t number = 0;

	inode_readdir(&ns, dir, 0, take_dotdot, &number);
	return number == parent->number;
}

/* Names and lookup counts */

static void test_init(void)
{
	set_up();
	CU_ASSERT(namespace_count(&ns) == 2);
	inode_stat(&ns, root, &st);
	CU_ASSERT(st.st_mode == (S_IFDIR | 0777));
	CU_ASSERT(st.st_uid == 1 && st.st_gid == 2);
	CU_ASSERT(st.st_nlink == 2);
	CU_ASSERT(MSHARE_INO_IS_OURS(st.st_ino));
	CU_ASSERT(lies_in(root, root));
	tear_down();
}

static void test_create(void)
{
	struct inode *file, *dir, *none = NULL;

	set_up();
	file = make_file(root, "file");
	CU_ASSERT(st.st_mode == (S_IFREG | 0640));
	CU_ASSERT(st.st_uid == UID && st.st_gid == GID);
	CU_ASSERT(st.st_nlink == 1 && st.st_size == 0 && st.st_blocks == 0);
	CU_ASSERT(st.st_ino == file->number);
	CU_ASSERT(MSHARE_INO_IS_OURS(st.st_ino));
	CU_ASSERT_PTR_NOT_NULL(file->region);
	dir = make_dir(root, "dir");
	CU_ASSERT(st.st_mode == (S_IFDIR | 0750));
	CU_ASSERT(st.st_nlink == 2);
	CU_ASSERT_PTR_NULL(dir->region);
	CU_ASSERT(dir->number != file->number);
	CU_ASSERT(lies_in(dir, root));
	CU_ASSERT(links(root) == 3); /* the directory's ".." */
	CU_ASSERT(namespace_count(&ns) == 4);
	CU_ASSERT(create(root, "file", S_IFREG | 0600, &none) == -EEXIST);
	CU_ASSERT(create(root, "dir", S_IFDIR | 0700, &none) == -EEXIST);
	CU_ASSERT(create(root, "file", S_IFDIR | 0700, &none) == -EEXIST);
	CU_ASSERT_PTR_NULL(none);
	CU_ASSERT(namespace_count(&ns) == 4);
	CU_ASSERT(links(root) == 3);
	tear_down();
}

static void test_lookup(void)
{
	struct inode *dir, *file, *found = NULL;

	set_up();
	dir = make_dir(root, "dir");
	file = make_file(dir, "file");
	CU_ASSERT(inode_lookup(&ns, dir, "file", &found, &st) == 0);
	CU_ASSERT_PTR_EQUAL(found, file);
	CU_ASSERT(st.st_ino == file->number);
	CU_ASSERT(st.st_mode == (S_IFREG | 0640));
	CU_ASSERT(lookup_error(root, "file") == -ENOENT);
	CU_ASSERT(lookup_error(dir, "fil") == -ENOENT);
	CU_ASSERT(lookup_error(dir, "filee") == -ENOENT);
	CU_ASSERT(lookup_error(dir, "File") == -ENOENT);
	CU_ASSERT_PTR_EQUAL(find(root, "dir"), dir);
	tear_down();
}

static void test_forget(void)
{
	struct inode *file, *found;

	set_up();
	file = make_file(root, "file"); /* takes one lookup */
	CU_ASSERT(file->nlookup == 1);
	CU_ASSERT(inode_lookup(&ns, root, "file", &found, &st) == 0);
	CU_ASSERT(inode_lookup(&ns, root, "file", &found, &st) == 0);
	CU_ASSERT(file->nlookup == 3);
	inode_forget(&ns, file, 3);
	/* A name keeps the inode, looked up or not. */
	CU_ASSERT_PTR_EQUAL(find(root, "file"), file);
	CU_ASSERT(inode_lookup(&ns, root, "file", &found, &st) == 0);
	CU_ASSERT(inode_lookup(&ns, root, "file", &found, &st) == 0);
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	CU_ASSERT(namespace_count(&ns) == 3);
	inode_forget(&ns, file, 1);
	CU_ASSERT(namespace_count(&ns) == 3);
	CU_ASSERT(links(file) == 0); /* fstat() still works */
	inode_forget(&ns, file, 1);
	CU_ASSERT(namespace_count(&ns) == 2);
	tear_down();
}

static void test_link(void)
{
	struct inode *file, *dir;

	set_up();
	file = make_file(root, "file");
	dir = make_dir(root, "dir");
	CU_ASSERT(inode_link(&ns, file, dir, "other", &st) == 0);
	CU_ASSERT(st.st_nlink == 2 && st.st_ino == file->number);
	CU_ASSERT(file->nlookup == 2); /* link replies like a lookup */
	CU_ASSERT_PTR_EQUAL(find(dir, "other"), file);
	CU_ASSERT(namespace_count(&ns) == 4);
	CU_ASSERT(inode_link(&ns, file, dir, "other", &st) == -EEXIST);
	CU_ASSERT(inode_link(&ns, file, root, "dir", &st) == -EEXIST);
	CU_ASSERT(links(file) == 2);
	CU_ASSERT(file->nlookup == 2);
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	CU_ASSERT(links(file) == 1);
	CU_ASSERT_PTR_EQUAL(find(dir, "other"), file);
	CU_ASSERT(inode_unlink(&ns, dir, "other") == 0);
	/* A file without names cannot get a new one. */
	CU_ASSERT(inode_link(&ns, file, root, "again", &st) == -ENOENT);
	CU_ASSERT_PTR_NULL(find(root, "again"));
	tear_down();
}

static void test_unlink(void)
{
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	make_dir(root, "dir");
	CU_ASSERT(inode_unlink(&ns, root, "none") == -ENOENT);
	CU_ASSERT(inode_unlink(&ns, root, "dir") == -EISDIR);
	CU_ASSERT_PTR_NOT_NULL(find(root, "dir"));
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	CU_ASSERT(inode_unlink(&ns, root, "file") == -ENOENT);
	CU_ASSERT_PTR_NULL(find(root, "file"));
	CU_ASSERT(links(file) == 0);
	/* The name can be used for another file. */
	CU_ASSERT(make_file(root, "file") != file);
	tear_down();
}

static void test_rmdir(void)
{
	struct inode *dir;

	set_up();
	make_file(root, "file");
	dir = make_dir(root, "dir");
	make_file(dir, "inside");
	CU_ASSERT(inode_rmdir(&ns, root, "none") == -ENOENT);
	CU_ASSERT(inode_rmdir(&ns, root, "file") == -ENOTDIR);
	CU_ASSERT(inode_rmdir(&ns, root, "dir") == -ENOTEMPTY);
	CU_ASSERT(links(root) == 3);
	CU_ASSERT(inode_unlink(&ns, dir, "inside") == 0);
	CU_ASSERT(inode_rmdir(&ns, root, "dir") == 0);
	CU_ASSERT(links(root) == 2);
	CU_ASSERT(links(dir) == 0);
	CU_ASSERT_PTR_NULL(find(root, "dir"));
	inode_forget(&ns, dir, 1);
	CU_ASSERT(namespace_count(&ns) == 4); /* "inside" is still looked up */
	tear_down();
}

static void test_removed_dir(void)
{
	struct inode *dir, *file, *none;

	set_up();
	dir = make_dir(root, "dir");
	file = make_file(root, "file");
	CU_ASSERT(inode_rmdir(&ns, root, "dir") == 0);
	CU_ASSERT(create(dir, "a", S_IFREG | 0600, &none) == -ENOENT);
	CU_ASSERT(create(dir, "a", S_IFDIR | 0700, &none) == -ENOENT);
	CU_ASSERT(lookup_error(dir, "a") == -ENOENT);
	CU_ASSERT(inode_link(&ns, file, dir, "a", &st) == -ENOENT);
	CU_ASSERT(rename_to(root, "file", dir, "a") == -ENOENT);
	CU_ASSERT(rename_to(dir, "a", root, "b") == -ENOENT);
	CU_ASSERT(inode_unlink(&ns, dir, "a") == -ENOENT);
	CU_ASSERT(inode_rmdir(&ns, dir, "a") == -ENOENT);
	CU_ASSERT_PTR_EQUAL(find(root, "file"), file);
	CU_ASSERT(links(file) == 1);
	CU_ASSERT(links(dir) == 0);
	CU_ASSERT(!lies_in(dir, root)); /* the directory may already be gone */
	tear_down();
}

static void test_long_names(void)
{
	char longest[NAME_MAX + 1], too_long[NAME_MAX + 2];
	struct inode *file, *none;

	memset(longest, 'n', NAME_MAX);
	longest[NAME_MAX] = 0;
	memset(too_long, 'n', NAME_MAX + 1);
	too_long[NAME_MAX + 1] = 0;
	set_up();
	file = make_file(root, longest);
	CU_ASSERT_PTR_EQUAL(find(root, longest), file);
	CU_ASSERT(create(root, too_long, S_IFREG | 0600, &none) ==
		  -ENAMETOOLONG);
	CU_ASSERT(lookup_error(root, too_long) == -ENAMETOOLONG);
	CU_ASSERT(inode_link(&ns, file, root, too_long, &st) == -ENAMETOOLONG);
	CU_ASSERT(rename_to(root, longest, root, too_long) == -ENAMETOOLONG);
	CU_ASSERT(links(file) == 1);
	CU_ASSERT(rename_to(root, longest, root, "short") == 0);
	CU_ASSERT_PTR_EQUAL(find(root, "short"), file);
	tear_down();
}

static void test_unlinked_open(void)
{
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	inode_open(&ns, file);
	inode_open(&ns, file);
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	inode_forget(&ns, file, 1);
	CU_ASSERT(namespace_count(&ns) == 3);
	CU_ASSERT(links(file) == 0);
	CU_ASSERT(region_truncate(file->region, page, page) == 0);
	inode_stat(&ns, file, &st);
	CU_ASSERT((uint64_t)st.st_size == page);
	inode_close(&ns, file);
	CU_ASSERT(namespace_count(&ns) == 3);
	inode_close(&ns, file);
	CU_ASSERT(namespace_count(&ns) == 2);
	tear_down();
}

/* Renaming */

static void test_rename(void)
{
	struct inode *dir, *file;

	set_up();
	dir = make_dir(root, "dir");
	file = make_file(root, "a");
	CU_ASSERT(rename_to(root, "none", root, "b") == -ENOENT);
	CU_ASSERT(rename_to(root, "a", root, "b") == 0);
	CU_ASSERT_PTR_NULL(find(root, "a"));
	CU_ASSERT_PTR_EQUAL(find(root, "b"), file);
	CU_ASSERT(rename_to(root, "b", dir, "c") == 0);
	CU_ASSERT_PTR_NULL(find(root, "b"));
	CU_ASSERT_PTR_EQUAL(find(dir, "c"), file);
	CU_ASSERT(links(file) == 1);
	CU_ASSERT(rename_to(dir, "c", dir, "c") == 0);
	CU_ASSERT_PTR_EQUAL(find(dir, "c"), file);
	CU_ASSERT(inode_rmdir(&ns, root, "dir") == -ENOTEMPTY);
	CU_ASSERT(rename_to(dir, "c", root, "a") == 0);
	CU_ASSERT(inode_rmdir(&ns, root, "dir") == 0);
	tear_down();
}

static void test_rename_dir(void)
{
	struct inode *a, *b, *sub;

	set_up();
	a = make_dir(root, "a");
	b = make_dir(root, "b");
	sub = make_dir(a, "sub");
	make_file(sub, "file");
	CU_ASSERT(links(a) == 3 && links(b) == 2);
	CU_ASSERT(rename_to(a, "sub", b, "sub2") == 0);
	CU_ASSERT(links(a) == 2 && links(b) == 3);
	CU_ASSERT(links(sub) == 2);
	CU_ASSERT(lies_in(sub, b));
	CU_ASSERT_PTR_NOT_NULL(find(sub, "file"));
	CU_ASSERT(rename_to(b, "sub2", b, "sub3") == 0);
	CU_ASSERT(links(b) == 3);
	CU_ASSERT(rename_to(b, "sub3", root, "sub4") == 0);
	CU_ASSERT(links(b) == 2 && links(root) == 5);
	CU_ASSERT(lies_in(sub, root));
	tear_down();
}

static void test_rename_over(void)
{
	struct inode *dir, *empty, *full, *a, *b;

	set_up();
	dir = make_dir(root, "dir");
	empty = make_dir(dir, "empty");
	full = make_dir(dir, "full");
	make_file(full, "inside");
	a = make_file(root, "a");
	b = make_file(dir, "b");
	CU_ASSERT(rename_to(root, "a", dir, "empty") == -EISDIR);
	CU_ASSERT(rename_to(dir, "empty", root, "a") == -ENOTDIR);
	CU_ASSERT(rename_to(dir, "empty", dir, "full") == -ENOTEMPTY);
	CU_ASSERT_PTR_EQUAL(find(root, "a"), a);
	CU_ASSERT_PTR_EQUAL(find(dir, "empty"), empty);

	CU_ASSERT(rename_to(root, "a", dir, "b") == 0);
	CU_ASSERT_PTR_EQUAL(find(dir, "b"), a);
	CU_ASSERT(links(b) == 0 && links(a) == 1);

	CU_ASSERT(links(dir) == 4);
	CU_ASSERT(rename_to(dir, "full", dir, "empty") == 0);
	CU_ASSERT_PTR_EQUAL(find(dir, "empty"), full);
	CU_ASSERT(links(dir) == 3);
	CU_ASSERT(links(empty) == 0 && links(full) == 2);
	CU_ASSERT_PTR_NOT_NULL(find(full, "inside"));
	tear_down();
}

static void test_rename_same_file(void)
{
	struct inode *file;

	set_up();
	file = make_file(root, "a");
	CU_ASSERT(inode_link(&ns, file, root, "b", &st) == 0);
	/* POSIX requires that both names stay. */
	CU_ASSERT(rename_to(root, "a", root, "b") == 0);
	CU_ASSERT_PTR_EQUAL(find(root, "a"), file);
	CU_ASSERT_PTR_EQUAL(find(root, "b"), file);
	CU_ASSERT(links(file) == 2);
	CU_ASSERT(exchange(root, "a", root, "b") == 0);
	CU_ASSERT(links(file) == 2);
	tear_down();
}

static void test_rename_flags(void)
{
	struct inode *a, *b;

	set_up();
	a = make_file(root, "a");
	b = make_file(root, "b");
	CU_ASSERT(inode_rename(&ns, root, "a", root, "b", RENAME_NOREPLACE) ==
		  -EEXIST);
	CU_ASSERT(inode_rename(&ns, root, "a", root, "c",
			       RENAME_NOREPLACE | RENAME_EXCHANGE) == -EINVAL);
	CU_ASSERT(inode_rename(&ns, root, "a", root, "c", RENAME_WHITEOUT) ==
		  -EINVAL);
	CU_ASSERT(inode_rename(&ns, root, "a", root, "c", 1U << 31) == -EINVAL);
	CU_ASSERT(inode_rename(&ns, root, "none", root, "c",
			       RENAME_NOREPLACE) == -ENOENT);
	CU_ASSERT_PTR_EQUAL(find(root, "a"), a);
	CU_ASSERT_PTR_EQUAL(find(root, "b"), b);
	CU_ASSERT(inode_rename(&ns, root, "a", root, "c", RENAME_NOREPLACE) ==
		  0);
	CU_ASSERT_PTR_NULL(find(root, "a"));
	CU_ASSERT_PTR_EQUAL(find(root, "c"), a);
	tear_down();
}

static void test_exchange_files(void)
{
	struct inode *a, *b, *dir;

	set_up();
	dir = make_dir(root, "dir");
	a = make_file(root, "a");
	b = make_file(dir, "b");
	CU_ASSERT(exchange(root, "a", dir, "none") == -ENOENT);
	CU_ASSERT(exchange(root, "none", dir, "b") == -ENOENT);
	CU_ASSERT(exchange(root, "a", dir, "b") == 0);
	CU_ASSERT_PTR_EQUAL(find(root, "a"), b);
	CU_ASSERT_PTR_EQUAL(find(dir, "b"), a);
	CU_ASSERT(links(a) == 1 && links(b) == 1);
	CU_ASSERT(links(root) == 3 && links(dir) == 2);
	tear_down();
}

static void test_exchange_file_and_dir(void)
{
	struct inode *one, *two, *file, *sub;

	set_up();
	one = make_dir(root, "one");
	two = make_dir(root, "two");
	file = make_file(one, "file");
	sub = make_dir(two, "sub");
	make_file(sub, "inside"); /* need not be empty */
	CU_ASSERT(links(one) == 2 && links(two) == 3);
	CU_ASSERT(exchange(one, "file", two, "sub") == 0);
	CU_ASSERT_PTR_EQUAL(find(one, "file"), sub);
	CU_ASSERT_PTR_EQUAL(find(two, "sub"), file);
	CU_ASSERT(links(one) == 3 && links(two) == 2);
	CU_ASSERT(links(file) == 1 && links(sub) == 2);
	CU_ASSERT(lies_in(sub, one));
	/* The other way round: this time the directory is named first. */
	CU_ASSERT(exchange(one, "file", two, "sub") == 0);
	CU_ASSERT_PTR_EQUAL(find(one, "file"), file);
	CU_ASSERT(links(one) == 2 && links(two) == 3);
	CU_ASSERT(lies_in(sub, two));
	/*
	 * Each is treated by its type, not by what its name stood for before.
	 */
	CU_ASSERT(inode_unlink(&ns, one, "file") == 0);
	CU_ASSERT(inode_rmdir(&ns, root, "one") == 0);
	CU_ASSERT(inode_unlink(&ns, sub, "inside") == 0);
	CU_ASSERT(inode_rmdir(&ns, two, "sub") == 0);
	CU_ASSERT(links(two) == 2);
	tear_down();
}

static void test_exchange_dirs(void)
{
	struct inode *one, *two, *a, *b, *file;

	set_up();
	one = make_dir(root, "one");
	two = make_dir(root, "two");
	a = make_dir(one, "a");
	b = make_dir(two, "b");
	CU_ASSERT(exchange(one, "a", two, "b") == 0);
	CU_ASSERT(lies_in(a, two) && lies_in(b, one));
	CU_ASSERT(links(one) == 3 && links(two) == 3);
	CU_ASSERT(links(a) == 2 && links(b) == 2);
	/* The same within one directory. */
	file = make_file(one, "file");
	CU_ASSERT(exchange(one, "a", one, "file") == 0);
	CU_ASSERT_PTR_EQUAL(find(one, "a"), file);
	CU_ASSERT_PTR_EQUAL(find(one, "file"), b);
	CU_ASSERT(links(one) == 3);
	CU_ASSERT(lies_in(b, one));
	tear_down();
}

/* Attributes */

static void test_info(void)
{
	struct inode *info, *none;

	set_up();
	info = find(root, "mshare_info");
	CU_ASSERT_PTR_NOT_NULL_FATAL(info);
	CU_ASSERT(info->is_info);
	CU_ASSERT(st.st_mode == (S_IFREG | 0444));
	CU_ASSERT(st.st_nlink == 1);
	CU_ASSERT_STRING_EQUAL(ns.info, "1073741824\n");
	CU_ASSERT(st.st_size == 11);
	make_file(root, "file");
	CU_ASSERT(inode_unlink(&ns, root, "mshare_info") == -EPERM);
	CU_ASSERT(rename_to(root, "mshare_info", root, "x") == -EPERM);
	CU_ASSERT(rename_to(root, "file", root, "mshare_info") == -EPERM);
	CU_ASSERT(exchange(root, "file", root, "mshare_info") == -EPERM);
	CU_ASSERT(exchange(root, "mshare_info", root, "file") == -EPERM);
	CU_ASSERT(inode_link(&ns, info, root, "x", &st) == -EPERM);
	st.st_mode = 0666;
	CU_ASSERT(inode_set(&ns, info, &st, INODE_MODE) == -EPERM);
	CU_ASSERT(inode_set(&ns, info, &st, INODE_UID) == -EPERM);
	CU_ASSERT(inode_set(&ns, info, &st, INODE_MTIME_NOW) == -EPERM);
	CU_ASSERT(create(root, "mshare_info", S_IFREG | 0600, &none) ==
		  -EEXIST);
	CU_ASSERT_PTR_EQUAL(find(root, "mshare_info"), info);
	CU_ASSERT(st.st_mode == (S_IFREG | 0444) && st.st_nlink == 1);
	CU_ASSERT_PTR_NULL(find(root, "x"));
	tear_down();
}

/* Only the root has mshare_info; elsewhere the name is free. */
static void test_info_elsewhere(void)
{
	struct inode *dir;

	set_up();
	dir = make_dir(root, "dir");
	CU_ASSERT(!make_file(dir, "mshare_info")->is_info);
	CU_ASSERT(inode_unlink(&ns, dir, "mshare_info") == 0);
	tear_down();
}

static void test_stat(void)
{
	const struct extent two = {0, 2 * page};
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	inode_stat(&ns, root, &st);
	CU_ASSERT(st.st_size > 0); /* grows with names, as on tmpfs */
	CU_ASSERT(region_truncate(file->region, 16 * page, page) == 0);
	inode_stat(&ns, file, &st);
	CU_ASSERT((uint64_t)st.st_size == 16 * page);
	CU_ASSERT(st.st_blocks == 0);
	CU_ASSERT(region_map(file->region, &two, PROT_READ, NULL) == 0);
	inode_stat(&ns, file, &st);
	CU_ASSERT((uint64_t)st.st_blocks * 512 == 2 * page);
	tear_down();
}

static void test_setgid(void)
{
	struct inode *dir, *file, *sub;

	set_up();
	dir = make_dir(root, "dir");
	st.st_mode = S_ISGID | 0770;
	st.st_gid = 77;
	CU_ASSERT(inode_set(&ns, dir, &st, INODE_MODE | INODE_GID) == 0);
	file = make_file(dir, "file");
	CU_ASSERT(st.st_gid == 77 && st.st_uid == UID);
	CU_ASSERT(st.st_mode == (S_IFREG | 0640));
	sub = make_dir(dir, "sub");
	CU_ASSERT(st.st_gid == 77);
	CU_ASSERT(st.st_mode == (S_IFDIR | S_ISGID | 0750));
	make_file(sub, "file");
	CU_ASSERT(st.st_gid == 77); /* inherited */
	/* Moving a file in does not change its group. */
	make_file(root, "other");
	CU_ASSERT(rename_to(root, "other", dir, "other") == 0);
	inode_stat(&ns, find(dir, "other"), &st);
	CU_ASSERT(st.st_gid == GID);
	inode_stat(&ns, file, &st);
	CU_ASSERT(st.st_gid == 77);
	tear_down();
}

static void test_set(void)
{
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	st = (struct stat){
		.st_mode = S_IFDIR | 04711, .st_uid = 5, .st_gid = 6};
	CU_ASSERT(inode_set(&ns, file, &st, INODE_MODE) == 0);
	CU_ASSERT(st.st_mode == (S_IFREG | 04711)); /* the file type stays */
	CU_ASSERT(st.st_uid == UID && st.st_gid == GID);
	st.st_uid = 5;
	st.st_gid = 6;
	CU_ASSERT(inode_set(&ns, file, &st, INODE_UID) == 0);
	CU_ASSERT(st.st_uid == 5 && st.st_gid == GID);
	st.st_gid = 6;
	CU_ASSERT(inode_set(&ns, file, &st, INODE_GID) == 0);
	inode_stat(&ns, file, &st);
	CU_ASSERT(st.st_uid == 5 && st.st_gid == 6);
	CU_ASSERT(st.st_mode == (S_IFREG | 04711));
	tear_down();
}

/* Times */

enum {
	ATIME = 1,
	MTIME = 2,
	CTIME = 4
};

static void forget_times(struct inode *inode)
{
	inode->atime = inode->mtime = inode->ctime = (struct timespec){0};
}

/* Returns which times changed since the last call. */
static int times_set(struct inode *inode)
{
	inode_stat(&ns, inode, &st);
	return (st.st_atim.tv_sec ? ATIME : 0) |
	       (st.st_mtim.tv_sec ? MTIME : 0) |
	       (st.st_ctim.tv_sec ? CTIME : 0);
}

static void test_times_names(void)
{
	struct inode *one, *two, *file;

	set_up();
	one = make_dir(root, "one");
	two = make_dir(root, "two");
	forget_times(one);
	file = make_file(one, "a");
	CU_ASSERT(times_set(file) == (ATIME | MTIME | CTIME));
	CU_ASSERT(times_set(one) == (MTIME | CTIME));
	forget_times(one);
	forget_times(file);
	CU_ASSERT_PTR_EQUAL(find(one, "a"), file);
	CU_ASSERT(times_set(one) == 0 && times_set(file) == 0);
	CU_ASSERT(inode_link(&ns, file, two, "b", &st) == 0);
	CU_ASSERT(times_set(file) == CTIME && times_set(one) == 0);
	forget_times(one);
	forget_times(two);
	forget_times(file);
	CU_ASSERT(rename_to(two, "b", one, "c") == 0);
	CU_ASSERT(times_set(one) == (MTIME | CTIME));
	CU_ASSERT(times_set(two) == (MTIME | CTIME));
	CU_ASSERT(times_set(file) == CTIME);
	forget_times(one);
	forget_times(file);
	CU_ASSERT(inode_unlink(&ns, one, "a") == 0);
	CU_ASSERT(times_set(one) == (MTIME | CTIME));
	CU_ASSERT(times_set(file) == CTIME);
	forget_times(root);
	CU_ASSERT(inode_rmdir(&ns, root, "two") == 0);
	CU_ASSERT(times_set(root) == (MTIME | CTIME));
	tear_down();
}

static void test_times_failures(void)
{
	struct inode *dir, *file, *none;

	set_up();
	dir = make_dir(root, "dir");
	file = make_file(dir, "a");
	forget_times(dir);
	forget_times(file);
	CU_ASSERT(create(dir, "a", S_IFREG | 0600, &none) == -EEXIST);
	CU_ASSERT(inode_link(&ns, file, dir, "a", &st) == -EEXIST);
	CU_ASSERT(inode_rmdir(&ns, dir, "a") == -ENOTDIR);
	CU_ASSERT(exchange(dir, "a", dir, "none") == -ENOENT);
	CU_ASSERT(times_set(dir) == 0 && times_set(file) == 0);
	tear_down();
}

static void test_times_set(void)
{
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	forget_times(file);
	inode_touch(&ns, file);
	CU_ASSERT(times_set(file) == (MTIME | CTIME));
	forget_times(file);
	st.st_mode = 0600;
	CU_ASSERT(inode_set(&ns, file, &st, INODE_MODE) == 0);
	CU_ASSERT(times_set(file) == CTIME);
	forget_times(file);
	CU_ASSERT(inode_set(&ns, file, &st, INODE_ATIME_NOW) == 0);
	CU_ASSERT(times_set(file) == (ATIME | CTIME));
	forget_times(file);
	CU_ASSERT(inode_set(&ns, file, &st, INODE_MTIME_NOW) == 0);
	CU_ASSERT(times_set(file) == (MTIME | CTIME));
	st.st_atim = (struct timespec){1234, 5678};
	st.st_mtim = (struct timespec){-1, 999999999}; /* before 1970 */
	CU_ASSERT(inode_set(&ns, file, &st, INODE_ATIME | INODE_MTIME) == 0);
	inode_stat(&ns, file, &st);
	CU_ASSERT(st.st_atim.tv_sec == 1234 && st.st_atim.tv_nsec == 5678);
	CU_ASSERT(st.st_mtim.tv_sec == -1 && st.st_mtim.tv_nsec == 999999999);
	CU_ASSERT(st.st_ctim.tv_sec > 1234);
	tear_down();
}

/* Reading directories */

struct listing {
	char names[512];
	uint64_t cookie;     /* of the last entry */
	int room;	     /* entries that still fit */
	struct inode *check; /* compare numbers and types with it */
	bool wrong;
};

static bool take_entry(void *arg, const char *name, uint64_t number,
		       mode_t mode, uint64_t cookie)
{
	struct listing *list = arg;

	/* The buffer is full: this entry is not taken. */
	if (list->room-- == 0)
		return false;
	if (cookie <= list->cookie)
		list->wrong = true;
	if (list->check && !strcmp(name, "check"))
		list->wrong |= number != list->check->number ||
			       (mode & S_IFMT) != (list->check->mode & S_IFMT);
	list->cookie = cookie;
	strcat(list->names, name);
	strcat(list->names, " ");
	return true;
}

/* Lists the next n entries after cookie. */
static struct listing list_some(struct inode *dir, uint64_t cookie, int n)
{
	struct listing list = {.cookie = cookie, .room = n};

	inode_readdir(&ns, dir, cookie, take_entry, &list);
	CU_ASSERT(!list.wrong);
	return list;
}

static bool lists(struct inode *dir, uint64_t cookie, const char *want)
{
	struct listing list = list_some(dir, cookie, 100);

	return !strcmp(list.names, want);
}

static void test_readdir(void)
{
	struct listing list = {.room = 100};
	struct inode *dir;

	set_up();
	dir = make_dir(root, "dir");
	CU_ASSERT(lists(dir, 0, ". .. "));
	make_file(dir, "b");
	make_file(dir, "a");
	list.check = make_dir(dir, "check");
	CU_ASSERT(lists(dir, 0, ". .. b a check "));
	inode_readdir(&ns, dir, 0, take_entry, &list);
	CU_ASSERT(!list.wrong);
	CU_ASSERT(lists(root, 0, ". .. mshare_info dir "));
	CU_ASSERT(lists(dir, list.cookie, ""));
	CU_ASSERT(lists(dir, INT64_MAX, ""));
	tear_down();
}

static void test_readdir_in_parts(void)
{
	struct listing list = {0};
	struct inode *dir;
	char all[512] = "";

	set_up();
	dir = make_dir(root, "dir");
	make_file(dir, "a");
	make_file(dir, "b");
	make_file(dir, "c");
	for (int i = 0; i < 5; i++) {
		list = list_some(dir, list.cookie, 1);
		strcat(all, list.names);
	}
	CU_ASSERT_STRING_EQUAL(all, ". .. a b c ");
	CU_ASSERT_STRING_EQUAL(list_some(dir, 0, 0).names, "");
	CU_ASSERT_STRING_EQUAL(list_some(dir, 0, 2).names, ". .. ");
	list = list_some(dir, 0, 2);
	CU_ASSERT_STRING_EQUAL(list_some(dir, list.cookie, 2).names, "a b ");
	tear_down();
}

static void test_readdir_meanwhile(void)
{
	struct listing list;
	struct inode *dir;

	set_up();
	dir = make_dir(root, "dir");
	make_file(dir, "a");
	make_file(dir, "b");
	make_file(dir, "c");
	make_file(dir, "d");
	list = list_some(dir, 0, 4);
	CU_ASSERT_STRING_EQUAL(list.names, ". .. a b ");
	/* Remove an entry already read, and the very next one. */
	CU_ASSERT(inode_unlink(&ns, dir, "a") == 0);
	CU_ASSERT(inode_unlink(&ns, dir, "b") == 0);
	CU_ASSERT(inode_unlink(&ns, dir, "c") == 0);
	CU_ASSERT(lists(dir, list.cookie, "d "));
	/* A new name gets a new position, never that of an old entry. */
	make_file(dir, "a");
	make_file(dir, "e");
	CU_ASSERT(lists(dir, list.cookie, "d a e "));
	CU_ASSERT(rename_to(dir, "d", dir, "b") == 0);
	CU_ASSERT(lists(dir, list.cookie, "a e b "));
	list = list_some(dir, list.cookie, 2);
	CU_ASSERT(exchange(dir, "a", dir, "b") == 0);
	CU_ASSERT(lists(dir, list.cookie, "b "));
	CU_ASSERT(lists(dir, 0, ". .. a e b "));
	tear_down();
}

/* Memory */

/* Maps memory in a file's region. held() counts it in pages. */
static void fill(struct inode *file, uint64_t pages)
{
	const struct extent range = {0, pages * page};

	CU_ASSERT(region_truncate(file->region, 16 * page, page) == 0);
	CU_ASSERT(region_map(file->region, &range, PROT_READ, NULL) == 0);
}

static uint64_t held(void)
{
	return backing.held / page;
}

static void test_memory_unlink(void)
{
	int fds = process_fds(getpid());
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	fill(file, 3);
	CU_ASSERT(held() == 3);
	CU_ASSERT(process_fds(getpid()) > fds);
	CU_ASSERT(inode_link(&ns, file, root, "other", &st) == 0);
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	CU_ASSERT(held() == 3); /* still has another name */
	CU_ASSERT(inode_unlink(&ns, root, "other") == 0);
	/* That the kernel still knows the inode does not matter. */
	CU_ASSERT(file->nlookup == 2);
	CU_ASSERT(held() == 0);
	CU_ASSERT(process_fds(getpid()) == fds);
	CU_ASSERT(region_lend(file->region, WINDOW_SHARED) == -ESTALE);
	inode_stat(&ns, file, &st);
	CU_ASSERT(st.st_blocks == 0);
	inode_forget(&ns, file, 2);
	CU_ASSERT(namespace_count(&ns) == 2);
	tear_down();
}

static void test_memory_close(void)
{
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	fill(file, 2);
	inode_open(&ns, file);
	inode_close(&ns, file);
	CU_ASSERT(held() == 2);
	inode_open(&ns, file);
	inode_open(&ns, file);
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	CU_ASSERT(held() == 2);
	inode_close(&ns, file);
	CU_ASSERT(held() == 2);
	inode_close(&ns, file);
	CU_ASSERT(held() == 0);
	inode_forget(&ns, file, 1);
	CU_ASSERT(namespace_count(&ns) == 2);
	tear_down();
}

static void test_memory_rename(void)
{
	struct inode *a, *b;

	set_up();
	a = make_file(root, "a");
	b = make_file(root, "b");
	fill(a, 1);
	fill(b, 4);
	CU_ASSERT(held() == 5);
	CU_ASSERT(exchange(root, "a", root, "b") == 0);
	CU_ASSERT(held() == 5);
	/* a's memory is freed */
	CU_ASSERT(rename_to(root, "a", root, "b") == 0);
	CU_ASSERT(held() == 4);
	CU_ASSERT_PTR_EQUAL(find(root, "b"), b);
	tear_down();
}

/* A reference held by a ticket or a window keeps no memory. */
static void test_memory_reference(void)
{
	struct region *region;
	struct inode *file;

	set_up();
	file = make_file(root, "file");
	fill(file, 2);
	region = region_get(file->region);
	inode_forget(&ns, file, 1);
	CU_ASSERT(!region->gone);
	/* the inode is freed */
	CU_ASSERT(inode_unlink(&ns, root, "file") == 0);
	CU_ASSERT(held() == 0);
	CU_ASSERT(region->gone);
	CU_ASSERT(region->refs == 1);
	CU_ASSERT(region_lend(region, WINDOW_SHARED) == -ESTALE);
	region_put(region);
	tear_down();
}

/* The end of the mount */

static void test_free_everything(void)
{
	struct inode *dir, *unlinked, *open, *removed;
	struct region *region;
	int fds = process_fds(getpid());

	set_up();
	dir = make_dir(root, "dir");
	removed = make_dir(dir, "removed");
	unlinked = make_file(dir, "unlinked");
	open = make_file(dir, "open");
	fill(unlinked, 1);
	fill(open, 2);
	fill(make_file(dir, "named"), 4);
	region = region_get(open->region);
	inode_open(&ns, open);
	CU_ASSERT(inode_unlink(&ns, dir, "unlinked") == 0);
	CU_ASSERT(inode_unlink(&ns, dir, "open") == 0);
	CU_ASSERT(inode_rmdir(&ns, dir, "removed") == 0);
	CU_ASSERT(links(removed) == 0);
	CU_ASSERT(held() == 6);
	namespace_free(&ns);
	CU_ASSERT(held() == 0);
	CU_ASSERT(process_fds(getpid()) == fds);
	CU_ASSERT(region->gone);
	CU_ASSERT(region->refs == 1);
	region_put(region);
}

/* AddressSanitizer reports what is leaked or used after free. */
static void test_free_many(void)
{
	struct inode *dir;
	char name[16];

	set_up();
	dir = root;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		make_file(i % 2 ? dir : root, name);
		if (i % 10 == 0) {
			snprintf(name, sizeof(name), "dir%d", i);
			dir = make_dir(dir, name);
		}
	}
	CU_ASSERT(namespace_count(&ns) == 222);
	tear_down();
}

/* Many threads at once */

#define THREADS 4

static struct inode *common_dir;

static void *use_names(void *arg)
{
	struct inode *dir = common_dir;
	char mine[8], *id = arg;

	snprintf(mine, sizeof(mine), "file%s", id);
	for (int i = 0; i < 500; i++) {
		const struct inode_seed seed = {S_IFREG | 0600, UID, GID, 0};
		struct inode *file, *found;
		struct stat unused;

		/* All threads fight over "common", so most calls may fail. */
		if (inode_create(&ns, root, mine, &seed, &file, &unused))
			return (void *)"create";
		inode_open(&ns, file);
		inode_rename(&ns, root, mine, dir, "common", 0);
		if (!inode_lookup(&ns, dir, "common", &found, &unused))
			inode_forget(&ns, found, 1);
		inode_unlink(&ns, dir, "common");
		inode_close(&ns, file);
		inode_forget(&ns, file, 1);
	}
	return NULL;
}

static void test_threads(void)
{
	static char ids[THREADS][2] = {"1", "2", "3", "4"};
	pthread_t threads[THREADS];

	set_up();
	common_dir = make_dir(root, "dir");
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_FATAL(
			!pthread_create(&threads[i], NULL, use_names, ids[i]));
	for (int i = 0; i < THREADS; i++) {
		void *failed = NULL;

		pthread_join(threads[i], &failed);
		CU_ASSERT_PTR_NULL(failed);
	}
	CU_ASSERT(inode_unlink(&ns, common_dir, "common") == -ENOENT);
	CU_ASSERT(namespace_count(&ns) == 3);
	CU_ASSERT(links(root) == 3);
	tear_down();
}

static const struct test tests[] = {
	{"init", test_init},
	{"create", test_create},
	{"lookup", test_lookup},
	{"forget", test_forget},
	{"link", test_link},
	{"unlink", test_unlink},
	{"rmdir", test_rmdir},
	{"removed directory", test_removed_dir},
	{"long names", test_long_names},
	{"unlinked but open", test_unlinked_open},
	{"rename", test_rename},
	{"rename a directory", test_rename_dir},
	{"rename over another", test_rename_over},
	{"rename onto itself", test_rename_same_file},
	{"rename: flags", test_rename_flags},
	{"exchange files", test_exchange_files},
	{"exchange file and directory", test_exchange_file_and_dir},
	{"exchange directories", test_exchange_dirs},
	{"mshare_info", test_info},
	{"mshare_info elsewhere", test_info_elsewhere},
	{"stat", test_stat},
	{"setgid directory", test_setgid},
	{"set", test_set},
	{"times: names", test_times_names},
	{"times: failures change none", test_times_failures},
	{"times: set", test_times_set},
	{"readdir", test_readdir},
	{"readdir in parts", test_readdir_in_parts},
	{"readdir while entries come and go", test_readdir_meanwhile},
	{"memory: last name", test_memory_unlink},
	{"memory: last close", test_memory_close},
	{"memory: renamed over", test_memory_rename},
	{"memory: other references", test_memory_reference},
	{"free everything", test_free_everything},
	{"free many", test_free_many},
	{"threads", test_threads},
};

int main(void)
{
	static const struct backing_spec shmem = {.kind = BACKING_SHMEM};
	char message[BACKING_MESSAGE];
	int status;

	page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (backing_open(&backing, &shmem, message)) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	status = run_tests("unit_inode", tests, N_TESTS(tests));
	backing_close(&backing);
	return status;
}
