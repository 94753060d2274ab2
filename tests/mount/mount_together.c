/* SPDX-License-Identifier: MIT */
/*
 * Several processes at once on the same few names: afterwards every count is
 * right, everything can be removed, and nothing is left.
 */
#include "harness/fsops.h"
#include "harness/harness.h"
#include "harness/twins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 6
/* So many of each, and then it is looked at what has become of it. */
#define OPERATIONS 400
#define ROUNDS 25
#define FILES 4096
/* Changes of a directory that others look at */
#define ASKED 1000

static off_t align;
static char together[64];

static fsfilcnt_t files_in_use(void)
{
	struct statvfs fs;

	return statvfs(mount_dir, &fs) ? 0 : fs.f_files - fs.f_ffree;
}

/* What may come of it, whoever was faster. */
static bool expected(const struct fsop_outcome *out)
{
	static const int errors[] = {
		ENOENT, EEXIST,	 ENOTDIR,      EISDIR,	   ENOTEMPTY, EINVAL,
		EBADF,	EACCES,	 EPERM,	       ELOOP,	   EBUSY,     ENXIO,
		EAGAIN, ENODATA, ENAMETOOLONG, EOPNOTSUPP, EXDEV,     ERANGE,
	};

	if (out->ret >= 0 || out->err == 0)
		return true;
	for (size_t i = 0; i < N_TESTS(errors); i++)
		if (out->err == errors[i])
			return true;
	printf("%s\n", strerrorname_np(out->err));
	return false;
}

static void join_in(uint64_t random)
{
	struct fsop_side side = {.ours = true};
	struct fsop_outcome out;
	struct fsop op;

	side.base = open(together, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	side.cwd = dup(side.base);
	CHILD_ASSERT(side.base >= 0 && side.cwd >= 0);
	for (int i = 0; i < FSOP_SLOTS; i++)
		side.slot[i] = -1;
	umask(0);
	for (int i = 0; i < OPERATIONS; i++) {
		fsop_random(&op, &random, 1, align);
		/* Nobody locks the others out. */
		op.mode |= 0700;
		if (op.kind == FSOP_CHOWN || op.kind == FSOP_FCHOWN ||
		    op.kind == FSOP_SETLK)
			continue;
		fsop_apply(&op, &side, align, &out);
		CHILD_ASSERT(expected(&out));
	}
}

static void all_at_once(uint64_t seed)
{
	pid_t pids[PROCESSES];

	for (unsigned int i = 0; i < PROCESSES; i++) {
		fflush(NULL);
		pids[i] = fork();
		if (pids[i] == 0) {
			join_in((seed * PROCESSES + i) * 2 + 1);
			fflush(NULL);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i < PROCESSES; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		CU_ASSERT(status == 0);
	}
}

/* What the names say of a file. */
struct file {
	ino_t number;
	nlink_t names, nlink;
};

static struct file files[FILES];
static size_t nfiles;

static void count_file(const struct stat *st)
{
	size_t i = 0;

	while (i < nfiles && files[i].number != st->st_ino)
		i++;
	if (i == FILES)
		return;
	if (i == nfiles)
		files[nfiles++] = (struct file){.number = st->st_ino};
	files[i].names++;
	files[i].nlink = st->st_nlink;
}

/* A directory: its links, its size, its "..", and what is in it. */
static void check_directory(int fd, ino_t parent)
{
	unsigned int names = 0, directories = 0;
	DIR *dir = fdopendir(fd);
	struct stat own, st;
	struct dirent *e;

	CU_ASSERT_FATAL(dir && !fstat(fd, &own));
	while ((e = readdir(dir))) {
		CU_ASSERT(!fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW));
		CU_ASSERT(st.st_ino == e->d_ino);
		CU_ASSERT(e->d_type == IFTODT(st.st_mode));
		if (!strcmp(e->d_name, "."))
			CU_ASSERT(st.st_ino == own.st_ino);
		if (!strcmp(e->d_name, ".."))
			CU_ASSERT(st.st_ino == parent);
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		names++;
		if (S_ISDIR(st.st_mode)) {
			directories++;
			check_directory(
				openat(fd, e->d_name, O_RDONLY | O_CLOEXEC),
				own.st_ino);
		} else {
			count_file(&st);
		}
	}
	CU_ASSERT(own.st_nlink == 2 + directories);
	CU_ASSERT(own.st_size == (2 + names) * 20);
	closedir(dir);
}

static void check_counts(void)
{
	struct stat root;

	nfiles = 0;
	CU_ASSERT(!stat(mount_dir, &root));
	check_directory(open(together, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			root.st_ino);
	for (size_t i = 0; i < nfiles; i++)
		CU_ASSERT(files[i].names == files[i].nlink);
	/* Those with names, the directory of it, the root, mshare_info */
	CU_ASSERT(files_in_use() >= nfiles + 3);
}

/* The kernel tells of the last close a moment later. */
static bool all_gone(void *before)
{
	return files_in_use() == *(fsfilcnt_t *)before;
}

static void same_names(void)
{
	const char *text = getenv("MSHARE_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
	fsfilcnt_t before = 2; /* the root and mshare_info */
	int fd;

	printf("MSHARE_TEST_SEED=%lu\n", (unsigned long)seed);
	CU_ASSERT(wait_until(all_gone, &before));
	align = (off_t)mount_align();
	snprintf(together, sizeof(together), "%s", in_mount("together"));
	CU_ASSERT_FATAL(!mkdir(together, 0777));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		all_at_once(seed + i);
		/* Also that the kernel keeps nothing that is old. */
		check_counts();
	}
	fd = open(together, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT(fd >= 0 && !empty_directory(fd));
	close(fd);
	CU_ASSERT(!rmdir(together));
	CU_ASSERT(wait_until(all_gone, &before));
}

/* One that asks for a directory's attributes, each time it is told to. */
static struct asking {
	atomic_int told, done, failed;
} * asking;

static pid_t start_asking(const char *dir)
{
	pid_t pid = fork();
	struct statx stx;

	while (pid == 0) {
		int told = asking->told;

		if (told == asking->done)
			sched_yield();
		else if (statx(AT_FDCWD, dir, AT_STATX_FORCE_SYNC,
			       STATX_BASIC_STATS, &stx))
			asking->failed++;
		asking->done = told;
	}
	return pid;
}

/* It asks now, and a moment later something is changed. */
static void ask(void)
{
	asking->told++;
	for (volatile int i = rand() % 1000; i > 0; i--)
		;
}

/* It has its answer, which may be old: nobody must believe that. */
static bool tells(const char *dir, off_t size, nlink_t links)
{
	struct stat st;

	while (asking->done != asking->told)
		sched_yield();
	return !stat(dir, &st) && st.st_size == size && st.st_nlink == links;
}

/* What is made and removed, its directory tells at once. */
static void while_others_ask(void)
{
	const char *dir = in_mount("asked"), *sub = in_mount("asked/d");
	struct stat st;
	int bad = 0;
	off_t name;
	pid_t pid;

	asking = mmap(NULL, sizeof(*asking), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(asking != MAP_FAILED);
	CU_ASSERT_FATAL(!mkdir(dir, 0777) && !stat(dir, &st));
	name = st.st_size / 2; /* "." and ".." */
	pid = start_asking(dir);
	for (int i = 0; i < ASKED; i++) {
		ask();
		bad += mkdir(sub, 0777) || !tells(dir, 3 * name, 3);
		ask();
		bad += rmdir(sub) || !tells(dir, 2 * name, 2);
		ask();
		bad += close(creat(sub, 0600)) || !tells(dir, 3 * name, 2);
		ask();
		bad += unlink(sub) || !tells(dir, 2 * name, 2);
	}
	CU_ASSERT(bad == 0 && asking->failed == 0);
	CU_ASSERT(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	CU_ASSERT(!rmdir(dir) && !munmap(asking, sizeof(*asking)));
}

static const struct test tests[] = {
	{"the same names at once", same_names},
	{"a directory while others ask", while_others_ask},
};

int main(void)
{
	return run_mount_tests("mount_together", NULL, tests, N_TESTS(tests));
}
