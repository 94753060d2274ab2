/* SPDX-License-Identifier: MIT */
/*
 * Names at the edge of what is allowed, and every way to open, rename, link and
 * remove: as on tmpfs.
 */
#include "harness/harness.h"
#include "harness/twins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NO_OTHERS "there are regular files and directories only"

static const struct own own[] = {
	{"opens", "unnamed file", "0", "EOPNOTSUPP", ALWAYS,
	 "libfuse 3.14 does not hand O_TMPFILE on"},
	{"renames", "* flags 4", "0", "EINVAL", ALWAYS,
	 "a whiteout is a device; " NO_OTHERS},
	{"renames", "empty* to full*, flags 4", "ENOTEMPTY", "EINVAL", ALWAYS,
	 "a whiteout is a device; " NO_OTHERS},
	{"renames", "after * flags 4", "*", "*", ALWAYS,
	 "a whiteout is a device; " NO_OTHERS},
	{"specials", "mk*", "0", "EPERM", ALWAYS, NO_OTHERS},
	{"specials", "bind*", "0", "EPERM", ALWAYS, NO_OTHERS},
	{"specials", "symlink*", "0", "EPERM", ALWAYS, NO_OTHERS},
	{"specials", "unlink*", "0", "ENOENT", ALWAYS, NO_OTHERS},
};

static void touch(const char *name)
{
	CHILD_ASSERT(!mknod(name, S_IFREG | 0644, 0));
}

static void try_open(const char *label, const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0640);

	note_result(label, fd);
	if (fd >= 0)
		close(fd);
}

/* All that can be done by name, to a name. */
static void use_name(const char *name)
{
	struct stat st;

	try_open("open", name, O_RDWR);
	try_open("create", name, O_RDWR | O_CREAT);
	try_open("create anew", name, O_RDWR | O_CREAT | O_EXCL);
	TRY(lstat(name, &st));
	TRY(unlink(name));
	TRY(mkdir(name, 0755));
	TRY(rmdir(name));
	TRY(mknod(name, S_IFREG | 0600, 0));
	TRY(rename(name, "new"));
	TRY(rename("new", name));
	TRY(link(name, "new"));
	TRY(link("new", name));
	TRY(chmod(name, 0600));
	TRY(access(name, R_OK));
	TRY(unlink(name));
	TRY(unlinkat(AT_FDCWD, name, AT_REMOVEDIR));
	TRY(truncate(name, -1));
	TRY(unlink("new"));
	TRY(rmdir("new"));
}

static void names(void)
{
	static const char *const plain[] = {
		"",	".",	    "x",	"x/",	 "x//",	     "./x",
		".//x", "d/x",	    "d/../x",	"d/.",	 "d/..",     "d/./",
		"f/",	"f/.",	    "f/x",	"f/..",	 "none/x",   "none/..",
		"d/",	"d//",	    "...",	"a\nb",	 "\xff\xfe", " ",
		"\x01", "\x7f",	    "d/e/../x", "d/e/x", "-",	     "\\",
		"%s",	"\xc3\xa4", "f", /* never "/" or "..": they are
					    chmod()ed */
	};
	char name[PATH_MAX + 2];

	for (size_t i = 0; i < N_TESTS(plain); i++) {
		mkdir("d", 0755);
		mkdir("d/e", 0755);
		mknod("f", S_IFREG | 0644, 0);
		note("name %s: %zu", plain[i], i);
		use_name(plain[i]);
	}
	/* the longest, and one too long: of a name, and of a path */
	for (size_t n = NAME_MAX; n <= NAME_MAX + 1; n++) {
		memset(name, 'n', n);
		name[n] = 0;
		use_name(name);
		memmove(name + 2, name, n + 1);
		memcpy(name, "d/", 2);
		use_name(name);
	}
	for (size_t n = PATH_MAX - 1; n <= PATH_MAX; n++) {
		for (size_t i = 0; i + 1 < n; i += 2)
			memcpy(name + i, "./", 2);
		strcpy(name + n - 2, n % 2 ? "/x" : "/x");
		use_name(name);
	}
	memset(name, 'n', 2000);
	name[2000] = 0;
	use_name(name);
}

static void depths(void)
{
	char path[512] = "";
	struct stat st;

	for (int i = 0; i < 100; i++) {
		CHILD_ASSERT(!mkdir("deep", 0755) && !chdir("deep"));
		strcat(path, "../");
	}
	TRY(stat(path, &st));
	touch("f");
	TRY(rename("f", strcat(path, "f")));
	TRY(chdir("../../.."));
	TRY(rename("deep", "deep/deep/deep/x"));
	TRY(rename("deep/deep/deep", "deep"));
	TRY(rename("deep/deep/deep", "x"));
	TRY(rename("x", "deep/deep/x"));
	TRY(renameat2(AT_FDCWD, "deep/deep/x", AT_FDCWD, "deep",
		      RENAME_EXCHANGE));
	TRY(renameat2(AT_FDCWD, "deep", AT_FDCWD, "deep/deep/x",
		      RENAME_EXCHANGE));
	TRY(rmdir("deep"));
}

/* Opening, in every way */

static const int open_bits[] = {O_CREAT,   O_EXCL,     O_TRUNC,
				O_APPEND,  O_NOFOLLOW, O_DIRECTORY,
				O_NOATIME, O_PATH,     O_DIRECT};

static void open_all_ways(const char *name, const char *kind)
{
	for (unsigned int bits = 0; bits < 1U << N_TESTS(open_bits); bits++) {
		for (int mode = 0; mode < 4; mode++) {
			int flags = mode, fd;
			struct stat st = {0};

			for (size_t i = 0; i < N_TESTS(open_bits); i++)
				if (bits & 1U << i)
					flags |= open_bits[i];
			fd = open(name, flags | O_CLOEXEC, 06755);
			if (fd < 0) {
				note("%s %#x: %s", kind, flags,
				     strerrorname_np(errno));
				continue;
			}
			fstat(fd, &st);
			note("%s %#x: %#o %#x", kind, flags, st.st_mode,
			     fcntl(fd, F_GETFL));
			close(fd);
			if (flags & O_CREAT && !strcmp(kind, "new"))
				CHILD_ASSERT(!unlink(name));
		}
	}
}

static void opens(void)
{
	CHILD_ASSERT(!mkdir("d", 0755));
	touch("f");
	open_all_ways("f", "file");
	open_all_ways("d", "directory");
	open_all_ways("new", "new");
	open_all_ways("f/x", "through a file");
	open_all_ways("none/x", "nowhere");
	open_all_ways(".", "dot");
	open_all_ways("f/", "file with a slash");
	open_all_ways("new/", "new with a slash");
	CHILD_ASSERT(!chmod("f", 0444) && !chmod("d", 0555));
	open_all_ways("f", "file to read");
	open_all_ways("d/new", "new where none may be");
	CHILD_ASSERT(!chmod("f", 0) && !chmod("d", 0));
	open_all_ways("f", "forbidden file");
	open_all_ways("d", "forbidden directory");
	CHILD_ASSERT(!chmod("d", 0755));
	try_open("unnamed file", "d", O_TMPFILE | O_RDWR);
	try_open("unnamed file", "d", O_TMPFILE | O_WRONLY | O_EXCL);
	try_open("unnamed, to be read", "d", O_TMPFILE | O_RDONLY);
	try_open("unnamed, nowhere", "none", O_TMPFILE | O_RDWR);
	try_open("unnamed, in a file", "f", O_TMPFILE | O_RDWR);
}

/* Renaming, of everything to everything */

static const char *const places[] = {
	"file",	  "same",      "other",	    "empty",	  "full",
	"none",	  "full/file", "full/",	    "empty/",	  "file/",
	"none/",  "full/sub",  ".",	    "..",	  "full/.",
	"file/x", "none/x",    "empty/new", "full/sub/x",
};

static void make_places(void)
{
	CHILD_ASSERT(!mkdir("places", 0755) && !chdir("places"));
	CHILD_ASSERT(!mkdir("empty", 0755) && !mkdir("full", 0755));
	CHILD_ASSERT(!mkdir("full/sub", 0755));
	touch("file");
	touch("other");
	touch("full/file");
	CHILD_ASSERT(!link("file", "same"));
}

static void note_places(const char *label)
{
	char text[1024] = "";

	for (size_t i = 0; i < N_TESTS(places); i++) {
		size_t used = strlen(text);
		struct stat st;

		if (lstat(places[i], &st))
			snprintf(text + used, sizeof(text) - used, " %s",
				 strerrorname_np(errno));
		else
			snprintf(text + used, sizeof(text) - used,
				 " %o,%lu,%ld", st.st_mode, st.st_nlink,
				 st.st_size);
	}
	note("%s:%s", label, text);
}

static void unmake_places(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHILD_ASSERT(fd >= 0 && !empty_directory(fd) && !close(fd));
	CHILD_ASSERT(!chdir("..") && !rmdir("places"));
}

static void rename_one(const char *from, const char *to, unsigned int flags)
{
	char label[256];
	int ret;

	make_places();
	ret = renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
	snprintf(label, sizeof(label), "%s to %s, flags %u", from, to, flags);
	note_result(label, ret);
	snprintf(label, sizeof(label), "after %s to %s, flags %u", from, to,
		 flags);
	note_places(label);
	unmake_places();
}

static void renames(void)
{
	static const unsigned int flags[] = {
		0,
		RENAME_NOREPLACE,
		RENAME_EXCHANGE,
		RENAME_NOREPLACE | RENAME_EXCHANGE,
		RENAME_WHITEOUT,
		RENAME_WHITEOUT | RENAME_EXCHANGE,
		RENAME_WHITEOUT | RENAME_NOREPLACE | RENAME_EXCHANGE,
		8,
		0x80000000,
	};

	for (size_t f = 0; f < N_TESTS(flags); f++)
		for (size_t i = 0; i < N_TESTS(places); i++)
			for (size_t j = 0; j < N_TESTS(places); j++)
				rename_one(places[i], places[j], flags[f]);
}

/* Links */

static void links(void)
{
	char path[64];
	int fd, dir;

	make_places();
	for (size_t i = 0; i < N_TESTS(places); i++) {
		for (size_t j = 0; j < N_TESTS(places); j++) {
			snprintf(path, sizeof(path), "%s to %s", places[i],
				 places[j]);
			note_result(path, link(places[i], places[j]));
		}
	}
	note_places("places");
	fd = open("file", O_RDONLY | O_CLOEXEC);
	dir = open("full", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	TRY(linkat(AT_FDCWD, path, AT_FDCWD, "by-proc", AT_SYMLINK_FOLLOW));
	TRY(linkat(AT_FDCWD, path, AT_FDCWD, "by-proc-2", 0));
	TRY(linkat(fd, "", AT_FDCWD, "by-fd", AT_EMPTY_PATH));
	TRY(linkat(fd, "", AT_FDCWD, "by-fd-2", 0));
	TRY(linkat(dir, "", AT_FDCWD, "directory", AT_EMPTY_PATH));
	TRY(linkat(dir, "file", dir, "file-2", 0));
	TRY(linkat(dir, "file", dir, "file-3", 0x8000));
	TRY(linkat(fd, "file", dir, "file-3", 0));
	TRY(linkat(-1, "file", dir, "file-3", 0));
	TRY(link("/proc/self/exe", "from-elsewhere"));
	TRY(link("file", "/proc/to-elsewhere"));
	TRY(rename("file", "/tmp/to-elsewhere"));
	CHILD_ASSERT(!unlink("file"));
	unlink("by-proc");
	unlink("by-fd");
	unlink("same");
	unlink("none");
	unlink("empty/new");
	unlink("full/sub/x");
	note_places("places");
	TRY(linkat(AT_FDCWD, path, AT_FDCWD, "again", AT_SYMLINK_FOLLOW));
	TRY(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	close(fd);
	close(dir);
}

/* What was removed but is open, or where one is */

static void removed(void)
{
	char text[PATH_MAX];
	struct stat st;
	int fd, dir;

	touch("f");
	fd = open("f", O_RDWR | O_CLOEXEC);
	TRY(unlink("f"));
	TRY(fstat(fd, &st));
	note("links: %lu", st.st_nlink);
	TRY(fchmod(fd, 0600));
	TRY(fchown(fd, (uid_t)-1, getegid()));
	TRY(futimens(fd, NULL));
	TRY(fsync(fd));
	TRY(ftruncate(fd, -1));
	TRY(fstat(fd, &st));
	note("mode, links: %o %lu", st.st_mode, st.st_nlink);
	close(fd);

	CHILD_ASSERT(!mkdir("d", 0755) && !mkdir("d/e", 0755));
	dir = open("d/e", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TRY(chdir("d/e"));
	TRY(rmdir("../e"));
	TRY(rmdir("."));
	TRY(rmdir("../e"));
	note("getcwd: %s",
	     getcwd(text, sizeof(text)) ? text : strerrorname_np(errno));
	TRY(fstat(dir, &st));
	note("links: %lu, size %ld", st.st_nlink, st.st_size);
	TRY(stat(".", &st));
	TRY(stat("..", &st));
	try_open("file in a removed one", "f", O_RDWR | O_CREAT);
	try_open("a removed one", ".", O_RDONLY);
	TRY(mkdir("f", 0755));
	TRY(mknod("f", S_IFREG | 0644, 0));
	TRY(symlink("f", "f"));
	TRY(link("../../scenario", "f"));
	TRY(rename("../../d", "f"));
	TRY(unlink("f"));
	TRY(fchmod(dir, 0700));
	TRY(futimens(dir, NULL));
	TRY(fsync(dir));
	TRY(getdents64(dir, text, sizeof(text)));
	TRY(chdir(".."));
	TRY(mkdir("e", 0700));
	TRY(openat(dir, "f", O_CREAT | O_RDWR, 0600));
	TRY(renameat(AT_FDCWD, "e", dir, "f"));
	close(dir);
}

/* Symbolic links that point here */

static void link_outside(const char *target, const char *name)
{
	unlink(name);
	CHILD_ASSERT(!symlink(target, name));
}

static void loops(void)
{
	char here[PATH_MAX - 16], to[PATH_MAX], out[64], in[PATH_MAX];
	struct stat st;

	CHILD_ASSERT(getcwd(here, sizeof(here)) != NULL);
	snprintf(out, sizeof(out), "/tmp/msharefs-link-%d", getpid());
	touch("f");
	CHILD_ASSERT(!mkdir("d", 0755));
	snprintf(to, sizeof(to), "%s/f", here);
	link_outside(to, out);
	try_open("through a link", out, O_RDWR);
	try_open("a link itself", out, O_RDWR | O_NOFOLLOW);
	try_open("a link as a directory", out, O_RDONLY | O_DIRECTORY);
	try_open("create what is linked", out, O_RDWR | O_CREAT | O_EXCL);
	TRY(linkat(AT_FDCWD, out, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	TRY(link(out, "link"));
	TRY(rename(out, "link"));
	TRY(fchmodat(AT_FDCWD, out, 0600, 0));
	snprintf(to, sizeof(to), "%s/none", here);
	link_outside(to, out);
	try_open("through a dangling link", out, O_RDWR);
	try_open("create anew through it", out, O_RDWR | O_CREAT | O_EXCL);
	try_open("create through it", out, O_RDWR | O_CREAT);
	TRY(stat("none", &st));
	snprintf(to, sizeof(to), "%s/d/../d", here);
	link_outside(to, out);
	snprintf(in, sizeof(in), "%s/x", out);
	try_open("in a linked directory", in, O_RDWR | O_CREAT);
	TRY(mkdir(in, 0755));
	TRY(rmdir(out));
	link_outside(out, out);
	try_open("a loop", in, O_RDWR | O_CREAT);
	TRY(rename("f", in));
	unlink(out);
}

/* What there is not */

static void specials(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "s"};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	touch("f");
	CHILD_ASSERT(!mkdir("d", 0555));
	TRY(mkfifo("s", 0600));
	TRY(unlink("s"));
	TRY(symlink("target", "s"));
	TRY(unlink("s"));
	TRY(bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(unlink("s"));
	TRY(mknod("s", 0, 0));
	note_result("remove it", unlink("s"));
	/* where they would fail in any case */
	note_result("a pipe, there", mkfifo("f", 0600));
	note_result("a link, there", symlink("target", "f"));
	note_result("a link, nowhere", symlink("target", "none/f"));
	note_result("a link, empty", symlink("", "new"));
	note_result("a pipe, in a file", mkfifo("f/f", 0600));
	note_result("a directory by mknod", mknod("new", S_IFDIR | 0700, 0));
	note_result("nothing known", mknod("new", 0170000, 0));
	strcpy(addr.sun_path, "f");
	note_result("a socket, there",
		    bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	close(sock);
}

static void devices(void)
{
	TRY(mknod("c", S_IFCHR | 0600, 0x103));
	TRY(mknod("b", S_IFBLK | 0600, 0x103));
	TRY(mknod("whiteout", S_IFCHR | 0600, 0));
}

static const struct own own_devices[] = {
	{"devices", "mknod(*, 0x103)", "0", "EPERM", AS_ROOT, NO_OTHERS},
	{"devices", "mknod(\"whiteout\"*", "0", "EPERM", ALWAYS, NO_OTHERS},
};

#define SCENARIO(name)                                         \
	static void run_##name(void)                           \
	{                                                      \
		compare_twins(#name, name, own, N_TESTS(own)); \
	}

SCENARIO(names)
SCENARIO(depths)
SCENARIO(opens)
SCENARIO(renames)
SCENARIO(links)
SCENARIO(removed)
SCENARIO(loops)
SCENARIO(specials)

static void run_devices(void)
{
	compare_twins("devices", devices, own_devices, N_TESTS(own_devices));
}

static const struct test tests[] = {
	{"names", run_names},
	{"deep directories", run_depths},
	{"opening", run_opens},
	{"renaming", run_renames},
	{"linking", run_links},
	{"what was removed", run_removed},
	{"loops", run_loops},
	{"no pipes, sockets, symlinks", run_specials},
	{"no devices", run_devices},
};

int main(void)
{
	return run_mount_tests("mount_edges", NULL, tests, N_TESTS(tests));
}
