/* SPDX-License-Identifier: MIT */
/* Access control lists and modes: each says what the other says. */
#include "harness/harness.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>

#include "namespace/acl.h"
#include "memory/backing.h"
#include "namespace/inode.h"

static struct backing backing;
static struct namespace ns;
static struct stat st;

struct list {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entry[8];
};

struct who {
	uint16_t tag;
	mode_t perm;
};

/* Its size; the list ends with a tag of 0. */
static size_t write_list(struct list *list, const struct who *who)
{
	size_t n = 0;

	list->header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
	for (; who[n].tag; n++)
		list->entry[n] = (struct posix_acl_xattr_entry){
			.e_tag = htole16(who[n].tag),
			.e_perm = htole16((uint16_t)who[n].perm),
			.e_id = htole32(5),
		};
	return sizeof(list->header) + n * sizeof(list->entry[0]);
}

static const struct who plain[] = {
	{ACL_USER_OBJ, 7}, {ACL_GROUP_OBJ, 5}, {ACL_OTHER, 1}, {0, 0}};
static const struct who more[] = {{ACL_USER_OBJ, 7},  {ACL_USER, 6},
				  {ACL_GROUP_OBJ, 5}, {ACL_MASK, 4},
				  {ACL_OTHER, 1},     {0, 0}};

static unsigned int perm_at(const struct list *list, int i)
{
	return le16toh(list->entry[i].e_perm);
}

static void test_valid(void)
{
	static const struct who half[] = {
		{ACL_USER_OBJ, 7}, {ACL_OTHER, 1}, {0, 0}};
	struct list list;
	char odd[sizeof(list) + 1];
	size_t size = write_list(&list, plain);

	CU_ASSERT(acl_valid(&list, size));
	CU_ASSERT(!acl_valid(&list, size - 1));
	CU_ASSERT(!acl_valid(&list, size - sizeof(list.entry[0])));
	CU_ASSERT(!acl_valid(&list, sizeof(list.header)));
	CU_ASSERT(!acl_valid(&list, 3) && !acl_valid(&list, 0));
	CU_ASSERT(!acl_valid(&list, write_list(&list, half)));
	size = write_list(&list, more);
	CU_ASSERT(acl_valid(&list, size));
	/* The kernel's may lie anywhere; the sanitizers look at this. */
	memcpy(odd + 1, &list, size);
	CU_ASSERT(acl_valid(odd + 1, size));
	size = write_list(&list, plain);
	list.header.a_version = htole32(1);
	CU_ASSERT(!acl_valid(&list, size));
	CU_ASSERT(acl_is_name("system.posix_acl_access"));
	CU_ASSERT(acl_is_name("system.posix_acl_default"));
	CU_ASSERT(!acl_is_name("system.posix_acl"));
}

static void test_to_mode(void)
{
	mode_t mode = S_IFREG | 06000;
	struct list list;

	CU_ASSERT(!acl_to_mode(&list, write_list(&list, plain), &mode));
	CU_ASSERT(mode == (S_IFREG | 06751));
	CU_ASSERT(acl_to_mode(&list, write_list(&list, more), &mode));
	CU_ASSERT(mode == (S_IFREG | 06741)); /* the mask's */
}

static void test_chmod(void)
{
	struct list list;
	size_t size = write_list(&list, plain);

	acl_chmod(&list, size, 0642);
	CU_ASSERT(perm_at(&list, 0) == 6 && perm_at(&list, 1) == 4);
	CU_ASSERT(perm_at(&list, 2) == 2);
	size = write_list(&list, more);
	acl_chmod(&list, size, S_IFREG | 04620);
	CU_ASSERT(perm_at(&list, 0) == 6 && perm_at(&list, 1) == 6);
	CU_ASSERT(perm_at(&list, 2) == 5 && perm_at(&list, 3) == 2);
	CU_ASSERT(perm_at(&list, 4) == 0);
}

static void test_inherit(void)
{
	mode_t mode = S_IFREG | 02626;
	struct list list;
	size_t size = write_list(&list, more);

	CU_ASSERT(acl_inherit(&list, size, &mode));
	CU_ASSERT(mode == (S_IFREG | 02600));
	CU_ASSERT(perm_at(&list, 0) == 6 && perm_at(&list, 1) == 6);
	CU_ASSERT(perm_at(&list, 2) == 5 && perm_at(&list, 3) == 0);
	CU_ASSERT(perm_at(&list, 4) == 0);
	mode = 0777;
	size = write_list(&list, plain);
	CU_ASSERT(!acl_inherit(&list, size, &mode) && mode == 0751);
}

/* In the namespace */

static void set_up(void)
{
	static const struct inode_seed seed = {S_IFDIR | 0777, 1, 2, 0};

	CU_ASSERT_FATAL(!namespace_init(&ns, &backing, 1ULL << 30, &seed));
}

static struct inode *make(struct inode *dir, const char *name, mode_t mode)
{
	const struct inode_seed seed = {mode, 1000, 1000, 027};
	struct inode *inode = NULL;

	CU_ASSERT_FATAL(!inode_create(&ns, dir, name, &seed, &inode, &st));
	return inode;
}

static bool has(struct inode *inode, const char *name)
{
	return inode_get_xattr(&ns, inode, name, NULL, 0) > 0;
}

static void test_set(void)
{
	struct inode *file;
	struct list list;
	size_t size;

	set_up();
	file = make(ns.root, "f", S_IFREG | 0644);
	CU_ASSERT(st.st_mode == (S_IFREG | 0640)); /* the umask */
	CU_ASSERT(inode_set_xattr(&ns, file, ACL_ACCESS, "no", 2, 0) ==
		  -EINVAL);
	size = write_list(&list, more);
	CU_ASSERT(!inode_set_xattr(&ns, file, ACL_ACCESS, &list, size, 0));
	CU_ASSERT(file->mode == (S_IFREG | 0741) && has(file, ACL_ACCESS));
	st.st_mode = 0620;
	CU_ASSERT(!inode_set(&ns, file, &st, INODE_MODE));
	CU_ASSERT(inode_get_xattr(&ns, file, ACL_ACCESS, &list, sizeof(list)) ==
		  (ssize_t)size);
	CU_ASSERT(perm_at(&list, 3) == 2 && file->mode == (S_IFREG | 0620));
	/* One that says no more than a mode is the mode. */
	size = write_list(&list, plain);
	CU_ASSERT(!inode_set_xattr(&ns, file, ACL_ACCESS, &list, size, 0));
	CU_ASSERT(file->mode == (S_IFREG | 0751) && !has(file, ACL_ACCESS));
	/* None to take away is fine: there is always one. */
	CU_ASSERT(!inode_remove_xattr(&ns, file, ACL_ACCESS));
	namespace_free(&ns);
	CU_ASSERT(ns.xattr_bytes == 0);
}

static void test_default(void)
{
	struct inode *dir, *file, *sub;
	struct list list;
	size_t size;

	set_up();
	dir = make(ns.root, "d", S_IFDIR | 0777);
	size = write_list(&list, more);
	CU_ASSERT(!inode_set_xattr(&ns, dir, ACL_DEFAULT, &list, size, 0));
	CU_ASSERT(dir->mode == (S_IFDIR | 0750)); /* as it was */
	file = make(dir, "f", S_IFREG | 0666);
	CU_ASSERT(file->mode == (S_IFREG | 0640)); /* and no umask */
	CU_ASSERT(has(file, ACL_ACCESS) && !has(file, ACL_DEFAULT));
	sub = make(dir, "s", S_IFDIR | 0777);
	CU_ASSERT(sub->mode == (S_IFDIR | 0741));
	CU_ASSERT(has(sub, ACL_ACCESS) && has(sub, ACL_DEFAULT));
	size = write_list(&list, plain);
	CU_ASSERT(!inode_set_xattr(&ns, dir, ACL_DEFAULT, &list, size, 0));
	CU_ASSERT(has(dir, ACL_DEFAULT));
	file = make(dir, "g", S_IFREG | 0666);
	CU_ASSERT(file->mode == (S_IFREG | 0640) && !has(file, ACL_ACCESS));
	namespace_free(&ns);
	CU_ASSERT(ns.xattr_bytes == 0);
}

static const struct test tests[] = {
	{"valid", test_valid}, {"to mode", test_to_mode},
	{"chmod", test_chmod}, {"inherit", test_inherit},
	{"set", test_set},     {"default", test_default},
};

int main(void)
{
	return run_tests("unit_acl", tests, N_TESTS(tests));
}
