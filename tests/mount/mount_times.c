/* SPDX-License-Identifier: MIT */
/*
 * Modes, owners, times and extended attributes: what each call sets, on what it
 * is called for and on the directories around it, as on tmpfs.
 */
#include "harness/harness.h"
#include "harness/twins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* Times */

/* The next change of ctime must be one: clocks of some kernels tick slowly. */
static void let_clock_tick(void)
{
	usleep(11000);
}

#define N_WATCHED 6
static const char *const watched[N_WATCHED] = {".",    "f",  "linked",
					       "full", "to", "empty"};

/* On all: atime before mtime (or behind it), both long ago. */
static void set_back(time_t atime, time_t mtime)
{
	const struct timespec times[2] = {{.tv_sec = atime, .tv_nsec = 1},
					  {.tv_sec = mtime, .tv_nsec = 2}};

	for (int i = N_WATCHED - 1; i >= 0; i--)
		utimensat(AT_FDCWD, watched[i], times, 0);
}

static bool differ(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec || a->tv_nsec != b->tv_nsec;
}

static void set_up(void)
{
	CHILD_ASSERT(!mkdir("full", 0755) && !mkdir("full/sub", 0755));
	CHILD_ASSERT(!mkdir("to", 0755) && !mkdir("empty", 0755));
	CHILD_ASSERT(!mknod("f", S_IFREG | 06777, 0));
	CHILD_ASSERT(!mknod("g", S_IFREG | 0644, 0));
	CHILD_ASSERT(!mknod("full/f", S_IFREG | 0644, 0));
	CHILD_ASSERT(!link("f", "linked"));
}

static void clear_up(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHILD_ASSERT(fd >= 0 && !empty_directory(fd));
	close(fd);
}

/* Which times of which files a call changes, by name before and after. */
static void watch(const char *label, void (*call)(void), time_t atime)
{
	struct stat before[N_WATCHED], after;
	int fd[N_WATCHED];

	set_up();
	set_back(atime, 2000);
	for (int i = 0; i < N_WATCHED; i++) {
		fd[i] = open(watched[i], O_PATH | O_CLOEXEC);
		CHILD_ASSERT(fd[i] >= 0 && !fstat(fd[i], &before[i]));
	}
	let_clock_tick();
	call();
	for (int i = 0; i < N_WATCHED; i++) {
		CHILD_ASSERT(!fstat(fd[i], &after));
		close(fd[i]);
		note("%s, %s: %s%s%s%s %o %lu", label, watched[i],
		     differ(&after.st_atim, &before[i].st_atim) ? "a" : "-",
		     differ(&after.st_mtim, &before[i].st_mtim) ? "m" : "-",
		     differ(&after.st_ctim, &before[i].st_ctim) ? "c" : "-",
		     differ(&after.st_mtim, &after.st_ctim) ? "" : "=",
		     after.st_mode, after.st_nlink);
	}
	clear_up();
}

static void read_directory(const char *name, int flags)
{
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	char buf[1024];

	CHILD_ASSERT(fd >= 0 && getdents64(fd, buf, sizeof(buf)) > 0);
	close(fd);
}

static void just_open(int flags)
{
	int fd = open("f", flags | O_CLOEXEC, 0600);

	CHILD_ASSERT(fd >= 0);
	close(fd);
}

#define DO(name, ...)                      \
	static void name(void)             \
	{                                  \
		CHILD_ASSERT(__VA_ARGS__); \
	}

DO(do_nothing, true)
DO(do_mkdir, !mkdir("to/new", 0700))
DO(do_mknod, !mknod("to/new", S_IFREG | 0600, 0))
DO(do_rmdir, !rmdir("empty"))
DO(do_rmdir_inner, !rmdir("full/sub"))
DO(do_unlink, !unlink("linked"))
DO(do_unlink_inner, !unlink("full/f"))
DO(do_link, !link("f", "to/new"))
DO(do_failed_link, link("f", "full/f") == -1)
DO(do_chmod, !chmod("f", 0600))
DO(do_chmod_same, !chmod("f", 06777))
DO(do_chmod_dir, !chmod("full", 0711))
DO(do_chown, !chown("f", geteuid(), getegid()))
DO(do_chown_none, !chown("f", (uid_t)-1, (gid_t)-1))
DO(do_chown_dir, !chown("full", (uid_t)-1, getegid()))
DO(do_rename, !rename("f", "new"))
DO(do_rename_away, !rename("f", "to/new"))
DO(do_rename_over, !rename("f", "full/f"))
DO(do_rename_same, !rename("f", "linked"))
DO(do_rename_dir, !rename("full", "to/new"))
DO(do_rename_dir_over, !rename("full", "empty"))
DO(do_rename_failed, rename("empty", "full") == -1)
DO(do_exchange, !renameat2(AT_FDCWD, "f", AT_FDCWD, "g", RENAME_EXCHANGE))
DO(do_exchange_away,
   !renameat2(AT_FDCWD, "f", AT_FDCWD, "full/f", RENAME_EXCHANGE))
DO(do_exchange_dir,
   !renameat2(AT_FDCWD, "empty", AT_FDCWD, "full/f", RENAME_EXCHANGE))
DO(do_utimes, !utimensat(AT_FDCWD, "f", NULL, 0))
DO(do_setxattr, !setxattr("f", "user.a", "x", 1, 0))
DO(do_getxattr, getxattr("f", "user.a", NULL, 0) == -1)
DO(do_removexattr, removexattr("f", "user.a") == -1)
DO(do_access, !access("f", R_OK))
DO(do_lookup, access("full/none", R_OK) == -1)
DO(do_create, close(open("to/new", O_CREAT | O_RDWR, 0600)) == 0)

static void do_open(void)
{
	just_open(O_RDWR);
}

static void do_create_existing(void)
{
	just_open(O_RDWR | O_CREAT);
}

static void do_truncate(void)
{
	just_open(O_WRONLY | O_TRUNC);
}

static void do_truncate_reading(void)
{
	just_open(O_RDONLY | O_TRUNC | O_CREAT);
}

static void do_set_size(void)
{
	CHILD_ASSERT(!truncate("f", (off_t)mount_align()));
}

static void do_read_dir(void)
{
	read_directory("full", 0);
}

static void do_read_dir_noatime(void)
{
	read_directory("full", O_NOATIME);
}

static void times_of_calls(void)
{
#define CALL(name)               \
	{                        \
#name, do_##name \
	}
	static const struct {
		const char *name;
		void (*call)(void);
	} calls[] = {
		CALL(nothing),
		CALL(mkdir),
		CALL(mknod),
		CALL(rmdir),
		CALL(rmdir_inner),
		CALL(unlink),
		CALL(unlink_inner),
		CALL(link),
		CALL(failed_link),
		CALL(chmod),
		CALL(chmod_same),
		CALL(chmod_dir),
		CALL(chown),
		CALL(chown_none),
		CALL(chown_dir),
		CALL(rename),
		CALL(rename_away),
		CALL(rename_over),
		CALL(rename_same),
		CALL(rename_dir),
		CALL(rename_dir_over),
		CALL(rename_failed),
		CALL(exchange),
		CALL(exchange_away),
		CALL(exchange_dir),
		CALL(utimes),
		CALL(setxattr),
		CALL(getxattr),
		CALL(removexattr),
		CALL(access),
		CALL(lookup),
		CALL(create),
		CALL(open),
		CALL(create_existing),
		CALL(truncate),
		CALL(truncate_reading),
		CALL(set_size),
		CALL(read_dir),
		CALL(read_dir_noatime),
	};

	for (size_t i = 0; i < N_TESTS(calls); i++) {
		/* rename_dir_over fails as it must: "empty" was not its first
		 */
		watch(calls[i].name, calls[i].call, 1000);
	}
	/* relatime: a later atime stays, unless it is a day old */
	watch("read_dir, later atime", do_read_dir, time(NULL) + 1000);
	watch("read_dir, atime of yesterday", do_read_dir, time(NULL) - 86500);
	watch("read_dir, same atime", do_read_dir, 2000);
}

/* utimensat() and what stat() makes of it */

static void note_times(const char *label, const char *name)
{
	const time_t now = time(NULL);
	struct statx st;

	CHILD_ASSERT(!statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, &st));
	if (st.stx_atime.tv_sec > now - 1000 &&
	    st.stx_atime.tv_sec < now + 1000)
		st.stx_atime.tv_sec = st.stx_atime.tv_nsec = 1;
	if (st.stx_mtime.tv_sec > now - 1000 &&
	    st.stx_mtime.tv_sec < now + 1000)
		st.stx_mtime.tv_sec = st.stx_mtime.tv_nsec = 1;
	note("%s, %s: %lld.%u %lld.%u", label, name,
	     (long long)st.stx_atime.tv_sec, st.stx_atime.tv_nsec,
	     (long long)st.stx_mtime.tv_sec, st.stx_mtime.tv_nsec);
}

static void set_times(const char *name, const struct timespec *a,
		      const struct timespec *m)
{
	const struct timespec times[2] = {*a, *m};
	char label[128];

	snprintf(label, sizeof(label), "utimensat %lld.%lu %lld.%lu",
		 (long long)a->tv_sec, a->tv_nsec, (long long)m->tv_sec,
		 m->tv_nsec);
	note_result(label, utimensat(AT_FDCWD, name, times, 0));
	note_times(label, name);
}

static void times_set(void)
{
	static const struct timespec values[] = {
		{1000, 7},	  {0, 0},
		{0, UTIME_NOW},	  {5, UTIME_OMIT},
		{-1, 0},	  {-1, 999999999},
		{-5000000000, 1}, {0x7fffffff, 999999999},
		{0x80000000, 0},  {0xffffffff, 1},
		{0x100000000, 2}, {99999999999, 3},
		{INT64_MAX, 0},	  {INT64_MIN, 0},
		{1, 1000000000},  {1, -1},
	};

	CHILD_ASSERT(!mknod("f", S_IFREG | 0644, 0) && !mkdir("d", 0755));
	for (size_t i = 0; i < N_TESTS(values); i++) {
		for (size_t j = 0; j < N_TESTS(values); j++) {
			set_times("f", &values[i], &values[j]);
			set_times("d", &values[i], &values[j]);
		}
	}
	TRY(utimensat(AT_FDCWD, "none", NULL, 0));
	TRY(utimensat(AT_FDCWD, "f", NULL, 0x8000));
	TRY(utimensat(AT_FDCWD, "f", NULL, AT_SYMLINK_NOFOLLOW));
	CHILD_ASSERT(!chmod("f", 0444));
	TRY(utimensat(AT_FDCWD, "f", NULL, 0));
}

/* Modes and owners */

static void note_stat(const char *label, const char *name)
{
	struct stat st;

	if (stat(name, &st))
		note("%s, %s: %s", label, name, strerrorname_np(errno));
	else
		note("%s, %s: %o %lu %u %u %ld %ld %ld", label, name,
		     st.st_mode, st.st_nlink, st.st_uid, st.st_gid, st.st_size,
		     st.st_blocks, st.st_blksize);
}

static void try_owner(const char *name, uid_t uid, gid_t gid)
{
	char label[64];

	CHILD_ASSERT(!chmod(name, 07777));
	snprintf(label, sizeof(label), "chown %d %d", (int)uid, (int)gid);
	note_result(label, chown(name, uid, gid));
	note_stat(label, name);
	if (!chmod(name, 06767))
		note_result(label, lchown(name, uid, gid));
	note_stat(label, name);
	chown(name, geteuid(), getegid());
}

static void owners(void)
{
	static const uid_t ids[] = {(uid_t)-1, 0, 65534, 12345, 1U << 31};

	CHILD_ASSERT(!mknod("f", S_IFREG | 0644, 0) && !mkdir("d", 0755));
	for (size_t i = 0; i < N_TESTS(ids); i++) {
		for (size_t j = 0; j < N_TESTS(ids); j++) {
			try_owner("f", ids[i], ids[j]);
			try_owner("d", ids[i], ids[j]);
		}
	}
}

static void modes(void)
{
	CHILD_ASSERT(!mknod("f", S_IFREG | 0644, 0) && !mkdir("d", 0755));
	for (unsigned int mode = 0; mode < 010000; mode += 0111) {
		char label[32];

		snprintf(label, sizeof(label), "chmod %o", mode);
		note_result(label, chmod("f", mode));
		note_stat(label, "f");
		note_result(label, fchmodat(AT_FDCWD, "d", mode, 0));
		note_stat(label, "d");
		for (int want = 0; want < 8; want++) {
			note_result(label, access("f", want));
			note_result(label, access("d", want));
			note_result(label,
				    faccessat(AT_FDCWD, "f", want, AT_EACCESS));
			note_result(label, access("d/x", want));
		}
	}
	TRY(chmod("none", 0600));
	TRY(chmod("f/x", 0600));
	TRY(access("f", 8));
}

static void made_with(mode_t mask)
{
	char label[32];

	umask(mask);
	for (unsigned int mode = 0; mode < 020000; mode += 01357) {
		snprintf(label, sizeof(label), "umask %o, mode %o", mask, mode);
		note_result(label, mkdir("d/d", mode));
		note_stat(label, "d/d");
		note_result(label, mknod("d/n", S_IFREG | mode, 0));
		note_stat(label, "d/n");
		note_result(label, open("d/f", O_CREAT | O_RDONLY, mode));
		note_stat(label, "d/f");
		rmdir("d/d");
		unlink("d/n");
		unlink("d/f");
	}
}

static void masks(void)
{
	CHILD_ASSERT(!mkdir("d", 0755));
	made_with(0);
	made_with(022);
	made_with(0777);
	CHILD_ASSERT(!chmod("d", 02777));
	if (!geteuid())
		CHILD_ASSERT(!chown("d", 5, 6));
	CHILD_ASSERT(!chmod("d", 02777));
	made_with(0);
	made_with(027);
}

/* Extended attributes */

static const char *const xattr_names[] = {
	"user.a",    "user.b",
	"user.",     "user",
	"trusted.a", "security.a",
	"security.", "security.capability",
	"system.a",  "system.posix_acl_access",
	"mine",	     "",
};

static int cmp_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void note_list(const char *name)
{
	char buf[4096], text[4096] = "", *found[64];
	ssize_t n = listxattr(name, buf, sizeof(buf));
	size_t count = 0;

	for (char *c = buf; n > 0 && c < buf + n; c += strlen(c) + 1)
		found[count++] = c;
	qsort(found, count, sizeof(found[0]), cmp_text);
	for (size_t i = 0; i < count; i++) {
		strcat(text, " ");
		strcat(text, found[i]);
	}
	note("listxattr %s, %zd:%s", name, n, text);
	note("too small: %zd", listxattr(name, buf, 3));
	note("only asked: %zd", listxattr(name, NULL, 0));
}

static void use_xattr(const char *file, const char *name)
{
	char value[16] = "", label[64];

	snprintf(label, sizeof(label), "%s %s", file, name);
	note_result(label, getxattr(file, name, value, sizeof(value)));
	note_result(label, setxattr(file, name, "one", 3, XATTR_REPLACE));
	note_result(label, setxattr(file, name, "one", 3, XATTR_CREATE));
	note_result(label, setxattr(file, name, "two", 3, XATTR_CREATE));
	note_result(label, setxattr(file, name, "three", 5, 3));
	note_result(label, setxattr(file, name, "three", 5, 4));
	note_result(label, setxattr(file, name, "three", 5, XATTR_REPLACE));
	note("%s: %zd %s", label, getxattr(file, name, value, sizeof(value)),
	     value);
	note("%s: %zd", label, getxattr(file, name, value, 0));
	note_result(label, getxattr(file, name, value, 2));
	note_list(file);
	note_result(label, setxattr(file, name, "", 0, 0));
	note("%s: %zd", label, getxattr(file, name, value, sizeof(value)));
	note_result(label, removexattr(file, name));
	note_result(label, removexattr(file, name));
	note_result(label, setxattr(file, name, "one", 3, 0));
	note_list(file);
}

static void xattrs(void)
{
	static char big[65537];
	char name[300] = "user.";

	CHILD_ASSERT(!mknod("f", S_IFREG | 0644, 0) && !mkdir("d", 0755));
	for (size_t i = 0; i < N_TESTS(xattr_names); i++) {
		use_xattr("f", xattr_names[i]);
		use_xattr("d", xattr_names[i]);
		use_xattr("none", xattr_names[i]);
	}
	CHILD_ASSERT(!mkdir("s", 01777) && !chmod("s", 01777));
	CHILD_ASSERT(!mknod("r", S_IFREG | 0444, 0));
	use_xattr("s", "user.a");
	use_xattr("r", "user.a");
	memset(name + 5, 'n', 250);
	TRY(setxattr("f", name, "x", 1, 0));
	name[255] = 'n';
	TRY(setxattr("f", name, "x", 1, 0));
	TRY(setxattr("f", "user.big", big, sizeof(big) - 1, 0));
	TRY(getxattr("f", "user.big", big, sizeof(big)));
	TRY(setxattr("f", "user.big", big, sizeof(big), 0));
	/* They go with the file, not with the name. */
	TRY(rename("f", "g"));
	TRY(link("g", "h"));
	note_list("h");
}

#define SCENARIO(name)                               \
	static void run_##name(void)                 \
	{                                            \
		compare_twins(#name, name, NULL, 0); \
	}

SCENARIO(times_of_calls)
SCENARIO(times_set)
SCENARIO(owners)
SCENARIO(modes)
SCENARIO(masks)
SCENARIO(xattrs)

static const struct test tests[] = {
	{"the times each call sets", run_times_of_calls},
	{"times of all kinds", run_times_set},
	{"owners", run_owners},
	{"modes", run_modes},
	{"modes of what is made", run_masks},
	{"extended attributes", run_xattrs},
};

int main(void)
{
	return run_mount_tests("mount_times", NULL, tests, N_TESTS(tests));
}
