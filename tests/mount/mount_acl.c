/* SPDX-License-Identifier: MIT */
/* POSIX access control lists: as on tmpfs. */
#include "harness/harness.h"
#include "harness/twins.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define FRIEND 1001
#define STRANGER 1002

struct list {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entry[8];
};

struct who {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

static size_t write_list(struct list *list, const struct who *who)
{
	size_t n = 0;

	list->header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
	for (; who[n].tag; n++)
		list->entry[n] = (struct posix_acl_xattr_entry){
			.e_tag = htole16(who[n].tag),
			.e_perm = htole16(who[n].perm),
			.e_id = htole32(who[n].id),
		};
	return sizeof(list->header) + n * sizeof(list->entry[0]);
}

#define NONE ((uint32_t)ACL_UNDEFINED_ID)

static const struct who lists[][8] = {
	{{ACL_USER_OBJ, 6, NONE},
	 {ACL_GROUP_OBJ, 4, NONE},
	 {ACL_OTHER, 0, NONE}},
	{{ACL_USER_OBJ, 7, NONE},
	 {ACL_USER, 7, FRIEND},
	 {ACL_GROUP_OBJ, 1, NONE},
	 {ACL_MASK, 7, NONE},
	 {ACL_OTHER, 0, NONE}},
	{{ACL_USER_OBJ, 7, NONE},
	 {ACL_USER, 7, FRIEND},
	 {ACL_GROUP_OBJ, 5, NONE},
	 {ACL_GROUP, 7, STRANGER},
	 {ACL_MASK, 5, NONE},
	 {ACL_OTHER, 1, NONE}},
	{{ACL_USER_OBJ, 0, NONE},
	 {ACL_GROUP_OBJ, 7, NONE},
	 {ACL_MASK, 3, NONE},
	 {ACL_OTHER, 7, NONE}},
	/* these are none */
	{{ACL_USER_OBJ, 6, NONE}, {ACL_OTHER, 0, NONE}},
	{{ACL_USER_OBJ, 6, NONE},
	 {ACL_USER, 6, FRIEND},
	 {ACL_GROUP_OBJ, 4, NONE},
	 {ACL_OTHER, 0, NONE}},
	{{ACL_USER_OBJ, 9, NONE},
	 {ACL_GROUP_OBJ, 4, NONE},
	 {ACL_OTHER, 0, NONE}},
	{{ACL_GROUP_OBJ, 4, NONE},
	 {ACL_USER_OBJ, 6, NONE},
	 {ACL_OTHER, 0, NONE}},
};

static void note_list(const char *label, const char *file, const char *name)
{
	char text[256] = "";
	struct list list;
	ssize_t n = getxattr(file, name, &list, sizeof(list));
	size_t used = 0;

	for (ssize_t i = 0; i < (n - 4) / 8; i++)
		used += (size_t)sprintf(text + used, " %x:%o:%d",
					le16toh(list.entry[i].e_tag),
					le16toh(list.entry[i].e_perm),
					(int)le32toh(list.entry[i].e_id));
	note("%s, %s %s: %zd %s%s", label, file, name, n,
	     n < 0 ? strerrorname_np(errno) : "", text);
}

static void note_all(const char *label, const char *file)
{
	struct stat st;

	note_list(label, file, ACCESS);
	note_list(label, file, DEFAULT);
	if (stat(file, &st))
		note("%s, %s: %s", label, file, strerrorname_np(errno));
	else
		note("%s, %s: %o %ld, names %zd", label, file, st.st_mode,
		     st.st_nlink, listxattr(file, NULL, 0));
}

/* What somebody else may, where there is somebody else. */
static void as(uid_t uid, gid_t gid, const char *file)
{
	char *before = note_place();
	pid_t pid;
	int status;

	if (geteuid())
		return;
	pid = fork();
	if (pid == 0) {
		CHILD_ASSERT(!setgid(gid) && !setuid(uid));
		for (int want = 0; want < 8; want++) {
			char label[64];

			snprintf(label, sizeof(label), "%u may %d %s", uid,
				 want, file);
			note_result(label, access(file, want));
		}
		note_result("open to read", open(file, O_RDONLY));
		note_result("open to write", open(file, O_WRONLY));
		note_result("set it", removexattr(file, ACCESS));
		_exit(0);
	}
	CHILD_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	note_catch_up(before);
}

static void try_list(const char *file, const char *name, size_t i)
{
	char label[64];
	struct list list;
	size_t size = write_list(&list, lists[i]);

	snprintf(label, sizeof(label), "list %zu", i);
	note_result(label, setxattr(file, name, &list, size, 0));
	note_all(label, file);
	as(FRIEND, FRIEND, file);
	as(STRANGER, STRANGER, file);
	note_result(label, chmod(file, 0624));
	note_all(label, file);
	as(FRIEND, FRIEND, file);
	note_result(label, chmod(file, 06751));
	note_all(label, file);
	as(STRANGER, STRANGER, file);
	note_result(label, setxattr(file, name, &list, size, XATTR_CREATE));
	note_result(label, setxattr(file, name, &list, size, XATTR_REPLACE));
	note_all(label, file);
	note_result(label, removexattr(file, name));
	note_result(label, removexattr(file, name));
	note_result(label, setxattr(file, name, NULL, 0, 0));
	note_all(label, file);
	note_result(label, setxattr(file, name, &list, size, 0));
}

static void set(void)
{
	CHILD_ASSERT(!mknod("f", S_IFREG | 0640, 0) && !mkdir("d", 0750));
	for (size_t i = 0; i < N_TESTS(lists); i++) {
		try_list("f", ACCESS, i);
		try_list("d", ACCESS, i);
		try_list("f", DEFAULT, i);
		try_list("d", DEFAULT, i);
	}
	TRY(setxattr("none", ACCESS, "", 0, 0));
}

static void inherit_one(size_t i, mode_t mask, mode_t mode)
{
	char label[64];
	struct list list;
	size_t size = write_list(&list, lists[i]);

	snprintf(label, sizeof(label), "list %zu, umask %o, mode %o", i, mask,
		 mode);
	CHILD_ASSERT(!mkdir("d", 0777) && !chmod("d", 02777));
	note_result(label, setxattr("d", DEFAULT, &list, size, 0));
	umask(mask);
	note_result(label, close(open("d/f", O_CREAT | O_RDWR, mode)));
	note_all(label, "d/f");
	note_result(label, mknod("d/n", S_IFREG | mode, 0));
	note_all(label, "d/n");
	note_result(label, mkdir("d/d", mode | 0700));
	note_all(label, "d/d");
	note_result(label, mkdir("d/d/d", mode));
	note_all(label, "d/d/d");
	as(FRIEND, FRIEND, "d/f");
	as(STRANGER, STRANGER, "d/d");
	/* What moves keeps what it has. */
	note_result(label, rename("d/f", "f"));
	note_all(label, "f");
	umask(022);
	chmod("d", 0700);
	chmod("d/d", 0700);
	unlink("f");
	unlink("d/n");
	rmdir("d/d/d");
	rmdir("d/d");
	CHILD_ASSERT(!rmdir("d"));
}

static void inherit(void)
{
	for (size_t i = 0; i < N_TESTS(lists); i++) {
		inherit_one(i, 022, 0666);
		inherit_one(i, 077, 0777);
		inherit_one(i, 0, 02750);
		inherit_one(i, 0, 0);
	}
}

#define SCENARIO(name)                               \
	static void run_##name(void)                 \
	{                                            \
		compare_twins(#name, name, NULL, 0); \
	}

SCENARIO(set)
SCENARIO(inherit)

static const struct test tests[] = {
	{"set", run_set},
	{"inherited", run_inherit},
};

int main(void)
{
	return run_mount_tests("mount_acl", geteuid() ? NULL : "allow_other",
			       tests, N_TESTS(tests));
}
