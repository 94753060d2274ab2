/* SPDX-License-Identifier: MIT */
/* The calls of 2022: mshare() and mshare_unlink(). */
#include "lib/lib_common.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)

static int create(const char *name)
{
	return mshare(name, HERE, GIB, O_CREAT | O_RDWR, 0600);
}

static int attach(const char *name, int oflags)
{
	return mshare(name, HERE, GIB, oflags, 0);
}

/* In another process: what it says of HERE by itself */
static void consumer(void *arg)
{
	unsigned long info[2];
	int fd = open(in_mount("cache"), O_RDONLY);

	(void)arg;
	/* As programs do it: it has not the donor's window. */
	CHILD_ASSERT(!mshare_detach(HERE, GIB));
	CHILD_ASSERT(read(fd, info, sizeof(info)) == sizeof(info));
	CHILD_ASSERT(info[0] == (unsigned long)HERE && info[1] == GIB);
	close(fd);
	CHILD_ASSERT(!attach("/cache", O_RDWR));
	CHILD_ASSERT(!strcmp(HERE + 5, "held before"));
	CHILD_ASSERT(!strcmp(HERE + GIB - 16, "to the end"));
	CHILD_ASSERT(refuses(attach("cache", O_RDWR), EEXIST, "is mapped"));
	strcpy(HERE + 5, "the consumer");
}

static void keeps_what_it_holds(void)
{
	char *at = memory_here();

	CU_ASSERT_FATAL(at != NULL);
	strcpy(at + 5, "held before");
	strcpy(at + GIB - 16, "to the end");
	CU_ASSERT_FATAL(!create("cache"));
	CU_ASSERT(!strcmp(at + 5, "held before"));
	CU_ASSERT(!strcmp(at + GIB - 16, "to the end") && !at[GIB / 2]);
	CU_ASSERT(in_child(consumer, NULL) == 0);
	CU_ASSERT(!strcmp(at + 5, "the consumer"));
	CU_ASSERT(!mshare_unlink("/cache"));
	CU_ASSERT(try_read(at).signal == SIGSEGV);
	CU_ASSERT(refuses(mshare_unlink("cache"), EINVAL, "none of that name"));
	CU_ASSERT(mount_is_empty());
}

/* Parts of a file, of read-only memory, of none at all */
static void parts_keep_their_protection(void)
{
	char *at = memory_here();
	int file = memfd_create("file", MFD_CLOEXEC);

	CU_ASSERT_FATAL(at != NULL && !ftruncate(file, (off_t)(4 * MIB)));
	CU_ASSERT(pwrite(file, "of a file", 10, 0) == 10);
	CU_ASSERT(mmap(at + 4 * MIB, 4 * MIB, PROT_READ, MAP_SHARED | MAP_FIXED,
		       file, 0) != MAP_FAILED);
	strcpy(at + 8 * MIB, "hidden");
	strcpy(at + 16 * MIB, "code");
	CU_ASSERT(!mprotect(at + 8 * MIB, 4 * MIB, PROT_NONE));
	CU_ASSERT(!mprotect(at + 16 * MIB, 4 * MIB, PROT_READ | PROT_EXEC));
	CU_ASSERT_FATAL(!create("parts"));
	close(file);
	CU_ASSERT(!strcmp(at + 4 * MIB, "of a file"));
	CU_ASSERT(try_write(at + 4 * MIB, 'x').code == SEGV_ACCERR);
	CU_ASSERT(try_read(at + 8 * MIB).signal == SIGSEGV);
	CU_ASSERT(!strcmp(at + 16 * MIB, "code"));
	CU_ASSERT(try_write(at + 16 * MIB, 'x').code == SEGV_ACCERR);
	CU_ASSERT(!try_write(at + 12 * MIB, 'x').signal);
	CU_ASSERT(!mshare_unlink("parts"));
}

#ifdef __x86_64__
static const char code[] = "\xb8\x2a\x00\x00\x00\xc3"; /* returns 42 */

static int call(char *at)
{
	return ((int (*)(void))(uintptr_t)at)();
}

static void calls(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!mshare_detach(HERE, 0));
	CHILD_ASSERT(!attach("code", O_RDONLY) && call(HERE + 4 * MIB) == 42);
}

/* What could be executed, can be wherever it is attached. */
static void code_stays_code(void)
{
	char *at = memory_here();

	CU_ASSERT_FATAL(at != NULL);
	memcpy(at + 4 * MIB, code, sizeof(code));
	CU_ASSERT(!mprotect(at + 4 * MIB, 4 * MIB, PROT_READ | PROT_EXEC));
	CU_ASSERT_FATAL(!create("code"));
	CU_ASSERT(call(at + 4 * MIB) == 42);
	CU_ASSERT(in_child(calls, NULL) == 0);
	CU_ASSERT(!mshare_unlink("code"));
}
#endif

static void hidden_parts_come_back(void)
{
	char *at = memory_here();
	int fd;

	CU_ASSERT_FATAL(at != NULL);
	strcpy(at + 8 * MIB, "hidden");
	CU_ASSERT(!mprotect(at + 8 * MIB, 4 * MIB, PROT_NONE));
	CU_ASSERT_FATAL(!create("parts"));
	fd = open(in_mount("parts"), O_RDWR);
	CU_ASSERT(!mshare_protect(fd, 8 * MIB, 4 * MIB, PROT_READ));
	CU_ASSERT(!strcmp(at + 8 * MIB, "hidden"));
	close(fd);
	CU_ASSERT(!mshare_unlink("parts"));
}

static void reads_only(void)
{
	char *at = memory_here();

	CU_ASSERT_FATAL(at != NULL);
	strcpy(at, "text");
	CU_ASSERT(!mshare("ro", HERE, GIB, O_CREAT | O_EXCL | O_RDONLY, 0644));
	CU_ASSERT(!strcmp(at, "text") && try_write(at, 'x').signal == SIGSEGV);
	CU_ASSERT(!mshare_detach(at, 0));
	CU_ASSERT(!attach("ro", O_RDWR) && !try_write(at, 'T').signal);
	CU_ASSERT(!mshare_detach(at, 0));
	CU_ASSERT(!attach("ro", O_RDONLY));
	CU_ASSERT(*at == 'T' && try_write(at, 'x').signal == SIGSEGV);
	CU_ASSERT(!mshare_unlink("ro"));
}

/* A second window of the same file, elsewhere in its fork, goes with it. */
static void others_keep_it(void *arg)
{
	int *pipes = arg;
	char byte;

	CHILD_ASSERT(read(pipes[0], &byte, 1) == 1);
	CHILD_ASSERT(*HERE == 'k' && !try_write(HERE, 'l').signal);
	CHILD_ASSERT(refuses(mshare_unlink("kept"), EINVAL, "none of that"));
	CHILD_ASSERT(!try_read(HERE).signal);
}

static void unlink_is_for_this_process(void)
{
	int pipes[2], status;
	pid_t pid;

	CU_ASSERT_FATAL(memory_here() && !pipe(pipes));
	*HERE = 'k';
	CU_ASSERT_FATAL(!create("kept"));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		others_keep_it(pipes);
		_exit(0);
	}
	CU_ASSERT(!mshare_unlink("kept"));
	CU_ASSERT(try_read(HERE).signal == SIGSEGV);
	CU_ASSERT(write(pipes[1], "", 1) == 1);
	CU_ASSERT(waitpid(pid, &status, 0) == pid && !status);
	close(pipes[0]);
	close(pipes[1]);
}

static void wrong_names(void)
{
	static const char *const bad[] = {"",	"/",   ".",   "..",
					  "/.", "a/b", "//a", "mshare_info"};
	char name[300];

	memset(name, 'n', sizeof(name));
	name[256] = 0;
	for (size_t i = 0; i < N_TESTS(bad); i++) {
		CU_ASSERT(refuses(create(bad[i]), EINVAL, "name"));
		CU_ASSERT(refuses(attach(bad[i], O_RDWR), EINVAL, "name"));
		CU_ASSERT(refuses(mshare_unlink(bad[i]), EINVAL, "name"));
	}
	CU_ASSERT(refuses(create(name), ENAMETOOLONG, "255"));
	CU_ASSERT(refuses(mshare_unlink(name), ENAMETOOLONG, "255"));
	CU_ASSERT(refuses(create(NULL), EFAULT, "name"));
	CU_ASSERT(refuses(mshare_unlink(NULL), EFAULT, "name"));
	CU_ASSERT(refuses(attach("line\nfeed", O_RDWR), ENOENT, "line?feed"));
	CU_ASSERT(!mkdir(in_mount("dir"), 0700));
	CU_ASSERT(refuses(attach("dir", O_RDWR), EISDIR, "dir"));
	CU_ASSERT(refuses(attach("dir", O_RDONLY), EISDIR, "dir"));
	CU_ASSERT(refuses(mshare_unlink("dir"), EISDIR, "dir"));
	CU_ASSERT(!rmdir(in_mount("dir")));
}

static void wrong_ranges(void)
{
	const int flags = O_CREAT | O_RDWR;
	char *at = memory_here();
	int fd;

	CU_ASSERT_FATAL(at != NULL);
	CU_ASSERT(refuses(mshare("r", at + 4096, GIB, flags, 0600), EINVAL,
			  "multiples"));
	CU_ASSERT(refuses(mshare("r", at, GIB - 4096, flags, 0600), EINVAL,
			  "1073741824"));
	CU_ASSERT(refuses(mshare("r", at, 0, flags, 0600), EINVAL, "length"));
	CU_ASSERT(refuses(mshare("r", NULL, GIB, flags, 0600), EINVAL,
			  "address"));
	CU_ASSERT(refuses(mshare("r", at, -GIB, flags, 0600), EINVAL, "r"));
	CU_ASSERT(refuses(mshare("r", at, 2 * GIB, flags, 0600), ENOMEM,
			  "nothing is mapped at 0x500040000000"));
	CU_ASSERT(refuses(mshare("r", at - GIB, GIB, flags, 0600), ENOMEM,
			  "mapped"));
	CU_ASSERT(!munmap(at + GIB / 2, 4096));
	CU_ASSERT(refuses(create("r"), ENOMEM,
			  "nothing is mapped at 0x500020000000"));
	CU_ASSERT(mount_is_empty() && !munmap(at, GIB));
	CU_ASSERT_FATAL(memory_here() && !create("r"));
	CU_ASSERT(
		refuses(mshare("s", at, GIB, flags, 0600), EINVAL, "already"));
	CU_ASSERT(!mshare_detach(at, 0));
	CU_ASSERT(refuses(mshare("r", at + GIB, GIB, O_RDWR, 0), EINVAL,
			  "at 0x500000000000"));
	CU_ASSERT(refuses(mshare("r", at, 2 * GIB, O_RDWR, 0), EINVAL,
			  "0x40000000 bytes"));
	CU_ASSERT(refuses(mshare("r", NULL, GIB, O_RDWR, 0), EINVAL, "addr"));
	CU_ASSERT(!mshare_unlink("r"));
	fd = region_create("v2", 0);
	CU_ASSERT(refuses(attach("v2", O_RDWR), EINVAL, "no size"));
	CU_ASSERT(!ftruncate(fd, (off_t)GIB));
	CU_ASSERT(refuses(attach("v2", O_RDWR), EINVAL, "mshare_attach"));
	close(fd);
	CU_ASSERT(!mshare_unlink("v2"));
}

static void wrong_flags(void)
{
	CU_ASSERT(refuses(attach("x", O_WRONLY), EINVAL, "flags"));
	CU_ASSERT(refuses(attach("x", O_RDWR | O_TRUNC), EINVAL, "flags"));
	CU_ASSERT(refuses(attach("x", O_RDWR), ENOENT, "O_CREAT"));
	CU_ASSERT(refuses(attach("x", O_RDONLY), ENOENT, "O_CREAT"));
}

static void exists(void)
{
	char *at = memory_here();

	CU_ASSERT_FATAL(at != NULL);
	strcpy(at, "mine");
	close(region_create("name", 0));
	CU_ASSERT(refuses(create("name"), EEXIST, "of that name"));
	CU_ASSERT(refuses(attach("name", O_CREAT | O_RDWR), EEXIST, "name"));
	CU_ASSERT(!strcmp(at, "mine") && !try_write(at, 'M').signal);
	CU_ASSERT(!munmap(at, GIB) && !mshare_unlink("name"));
	CU_ASSERT(mount_is_empty());
}

static void without_right(void *arg)
{
	char *at = memory_here();

	(void)arg;
	CHILD_ASSERT(refuses(attach("other", O_RDWR), EACCES, "mode"));
	CHILD_ASSERT(refuses(attach("other", O_RDONLY), EACCES, "mode"));
	/* It may be read: that is enough, and no more. */
	munmap(at, GIB);
	CHILD_ASSERT(refuses(attach("both", O_RDWR), EACCES, "mode"));
	CHILD_ASSERT(!attach("both", O_RDONLY));
	CHILD_ASSERT(*HERE == 'b' && try_write(HERE, 'x').signal);
	CHILD_ASSERT(!mshare_detach(HERE, 0));
	CHILD_ASSERT(memory_here());
	*HERE = 'k';
	CHILD_ASSERT(refuses(create("new"), EACCES, "may be made"));
	CHILD_ASSERT(*HERE == 'k');
	munmap(HERE, GIB);
	CHILD_ASSERT(!attach("both", O_RDONLY));
	CHILD_ASSERT(refuses(mshare_unlink("both"), EACCES, "owner"));
	CHILD_ASSERT(*HERE == 'b');
}

static void modes_are_obeyed(void)
{
	char *at = memory_here();

	CU_ASSERT_FATAL(at && !mshare("other", at, GIB, O_CREAT | O_RDWR, 0));
	CU_ASSERT(!mshare_detach(at, 0) && memory_here());
	*at = 'b';
	CU_ASSERT(!mshare("both", at, GIB, O_CREAT | O_RDWR, 0444));
	CU_ASSERT(!mshare_detach(at, 0));
	CU_ASSERT(!chmod(mount_dir, 0555));
	CU_ASSERT(without_privilege(without_right, NULL) == 0);
	CU_ASSERT(!chmod(mount_dir, 0777));
	CU_ASSERT(!mshare_unlink("other") && !mshare_unlink("both"));
}

static void mode_and_umask(void)
{
	const mode_t masks[] = {0, 027, 0777};
	mode_t old = umask(0);
	struct stat st;

	for (size_t i = 0; i < N_TESTS(masks); i++) {
		CU_ASSERT_FATAL(memory_here() != NULL);
		umask(masks[i]);
		CU_ASSERT(!mshare("m", HERE, GIB, O_CREAT | O_RDWR, 0666));
		umask(0);
		CU_ASSERT(!stat(in_mount("m"), &st));
		CU_ASSERT((st.st_mode & 0777) == (0666 & ~masks[i]));
		CU_ASSERT(!mshare_unlink("m") && mount_is_empty());
	}
	umask(old);
}

static void in_a_directory(void)
{
	int dir;

	CU_ASSERT(!mkdir(in_mount("d"), 0755));
	dir = mshare_mount_open(in_mount("d"));
	CU_ASSERT_FATAL(dir >= 0 && memory_here());
	CU_ASSERT(refuses(
		mshare_at(dir, "r", HERE + 4096, GIB, O_CREAT | O_RDWR, 0600),
		EINVAL, "1073741824"));
	CU_ASSERT(!mshare_at(dir, "r", HERE, GIB, O_CREAT | O_RDWR, 0600));
	CU_ASSERT(!access(in_mount("d/r"), F_OK));
	CU_ASSERT(refuses(mshare_unlink("r"), EINVAL, "none"));
	CU_ASSERT(!mshare_unlink_at(dir, "/r"));
	CU_ASSERT(try_read(HERE).signal == SIGSEGV);
	close(dir);
	CU_ASSERT(!rmdir(in_mount("d")));
}

static const struct test tests[] = {
	{"keeps what it holds", keeps_what_it_holds},
	{"parts keep their protection", parts_keep_their_protection},
	{"hidden parts come back", hidden_parts_come_back},
#ifdef __x86_64__
	{"code stays code", code_stays_code},
#endif
	{"reads only", reads_only},
	{"unlink is for this process", unlink_is_for_this_process},
	{"wrong names", wrong_names},
	{"wrong ranges", wrong_ranges},
	{"wrong flags", wrong_flags},
	{"exists", exists},
	{"modes are obeyed", modes_are_obeyed},
	{"mode and umask", mode_and_umask},
	{"in a directory", in_a_directory},
};

int main(void)
{
	before_tests = use_mount;
	return run_mount_tests("lib_2022", NULL, tests, N_TESTS(tests));
}
