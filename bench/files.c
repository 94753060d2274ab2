/* SPDX-License-Identifier: MIT */
/*
 * Regions by the thousand, as files: create (with and without a size), stat,
 * list, unlink; and the memory of the daemon that they take. Beside a FUSE
 * passthrough that does nothing else (null_fuse.c), and tmpfs itself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "daemon.h"

#define MANY 10000
#define FEW 1000
/* Files per turn of one place. */
#define AT_A_TIME 100

struct place {
	const char *series;
	char dir[PATH_MAX];
	int fd;		      /* of dir */
	struct daemon daemon; /* pid 0: none */
	double us;	      /* of the current work so far */
	double kib; /* memory of the daemon when there were no files */
};

enum {
	OURS,
	NULL_FUSE,
	TMPFS,
	PLACES
};

static struct place places[PLACES] = {
	{.series = "msharefs"},
	{.series = "null-fuse"},
	{.series = "tmpfs"},
};

static void rest_ms(long ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

/* Work on one file */

static void make(const struct place *p, const char *name, off_t size)
{
	int fd = openat(p->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			0600);

	if (fd < 0 || (size && ftruncate(fd, size)) || close(fd))
		die(p->series);
}

static void make_empty(const struct place *p, const char *name)
{
	make(p, name, 0);
}

static void make_sized(const struct place *p, const char *name)
{
	make(p, name, GIB);
}

static void ask(const struct place *p, const char *name)
{
	struct statx stx;

	if (statx(p->fd, name, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stx))
		die(p->series);
}

static void take_away(const struct place *p, const char *name)
{
	if (unlinkat(p->fd, name, 0))
		die(p->series);
}

/* Work on all */

typedef void file_work(const struct place *p, const char *name);

/* A signal ends the program only after it has cleaned up. */
static volatile sig_atomic_t told_to_end;

static void end_soon(int signal)
{
	told_to_end = signal;
}

static void do_some(struct place *p, file_work *work, int from, int to)
{
	double start = now_us();
	char name[16];

	if (told_to_end)
		exit(1);
	for (int i = from; i < to; i++) {
		snprintf(name, sizeof(name), "r%06d", i);
		work(p, name);
	}
	p->us += now_us() - start;
	/* Its background work must not slow down the next place. */
	rest_ms(1);
}

/* In turns, so that a disturbance affects all places. */
static void do_all(const char *measure, file_work *work, size_t size, int n,
		   int round)
{
	for (int i = 0; i < PLACES; i++)
		places[i].us = 0;
	for (int from = 0; from < n; from += AT_A_TIME)
		for (int i = 0; i < PLACES; i++)
			do_some(&places[i], work, from, from + AT_A_TIME);
	for (int i = 0; i < PLACES; i++)
		sample(measure, places[i].series, size, n, round,
		       n / places[i].us * 1e6);
}

/* Entries per second */
static double list(const struct place *p, int n)
{
	int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	double start = now_us();
	int found = -2; /* "." and ".." */

	if (!dir)
		die(p->series);
	while (readdir(dir))
		found++;
	start = now_us() - start;
	closedir(dir);
	if (found != n) {
		fprintf(stderr, "%s: %d names of %d\n", p->dir, found, n);
		exit(1);
	}
	return n / start * 1e6;
}

static void list_all(int n, int round)
{
	for (int i = 0; i < PLACES; i++)
		sample("files.readdir", places[i].series, 0, n, round,
		       list(&places[i], n));
}

/* Memory */

/* Once the daemon has handled what the kernel sends in the background. */
static double settled_kib(const struct daemon *daemon)
{
	double kib = daemon_private_kib(daemon), before;

	do {
		before = kib;
		rest_ms(50);
		kib = daemon_private_kib(daemon);
	} while (kib != before);
	return kib;
}

static void sample_memory(const char *measure, size_t size, int n, int round)
{
	for (int i = 0; i < PLACES; i++) {
		struct place *p = &places[i];

		if (p->daemon.pid)
			sample(measure, p->series, size, n, round,
			       (settled_kib(&p->daemon) - p->kib) / n);
	}
}

/* Places */

static pid_t null_fuse;
static char scratch[PATH_MAX - 16];

static void path_in(const char *dir, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		die(dir);
	}
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

/* The daemon unmounts its mount when it ends. */
static void end_null_fuse(void)
{
	if (null_fuse > 0 && !kill(null_fuse, SIGTERM))
		waitpid(null_fuse, NULL, 0);
	if (scratch[0] &&
	    nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		perror(scratch);
}

static void run_null_fuse(const char *under, const char *mount)
{
	char self[PATH_MAX - 16] = "", path[PATH_MAX];

	scratch[0] = 0; /* the parent removes it */
	/* It must neither outlive its parent nor run under the preload. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	unsetenv("LD_PRELOAD");
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		die("/proc/self/exe");
	*strrchr(self, '/') = 0;
	path_in(self, "null_fuse", path);
	execl(path, path, under, mount, NULL);
	perror(path);
	_exit(1);
}

static dev_t device(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		die(path);
	return st.st_dev;
}

static void start_null_fuse(const char *under, const char *mount)
{
	dev_t before = device(mount);

	null_fuse = fork();
	if (null_fuse == 0)
		run_null_fuse(under, mount);
	while (device(mount) == before) {
		if (waitpid(null_fuse, NULL, WNOHANG)) {
			null_fuse = 0;
			fprintf(stderr, "null_fuse did not mount %s\n", mount);
			exit(1);
		}
		rest_ms(5);
	}
	places[NULL_FUSE].daemon.pid = null_fuse;
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0700))
		die(path);
}

/* The passthrough, the directory below it, and tmpfs itself. */
static void find_peers(void)
{
	const char *tmpfs = getenv("BENCH_TMPFS_DIR");
	char under[PATH_MAX], mount[PATH_MAX];

	if (snprintf(scratch, sizeof(scratch), "%s/bench-files-XXXXXX",
		     tmpfs ? tmpfs : "/dev/shm") >= (int)sizeof(scratch) ||
	    !mkdtemp(scratch)) {
		perror(scratch);
		scratch[0] = 0;
		exit(1);
	}
	atexit(end_null_fuse);
	signal(SIGINT, end_soon);
	signal(SIGTERM, end_soon);
	path_in(scratch, "bare", places[TMPFS].dir);
	path_in(scratch, "null", under);
	path_in(scratch, "mount", mount);
	make_dir(under);
	make_dir(mount);
	start_null_fuse(under, mount);
	path_in(mount, "files", places[NULL_FUSE].dir);
}

static void begin(void)
{
	for (int i = 0; i < PLACES; i++) {
		struct place *p = &places[i];

		make_dir(p->dir);
		p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (p->fd < 0)
			die(p->dir);
		if (p->daemon.pid)
			p->kib = settled_kib(&p->daemon);
	}
}

static void end(void)
{
	for (int i = 0; i < PLACES; i++) {
		close(places[i].fd);
		if (rmdir(places[i].dir))
			die(places[i].dir);
	}
}

static void one_round(int n, int round)
{
	do_all("files.create", make_empty, 0, n, round);
	sample_memory("files.memory", 0, n, round);
	do_all("files.stat", ask, 0, n, round);
	list_all(n, round);
	do_all("files.unlink", take_away, 0, n, round);
	sample_memory("files.left", 0, n, round);

	do_all("files.sized", make_sized, GIB, n, round);
	sample_memory("files.memory", GIB, n, round);
	do_all("files.unlink", take_away, GIB, n, round);
	sample_memory("files.left", GIB, n, round);
}

int main(int argc, char **argv)
{
	struct args args = bench_args(argc, argv);
	const int n = args.quick ? FEW : MANY;

	places[OURS].daemon = daemon_of(args.file);
	strcpy(places[OURS].dir, args.file); /* its length was checked above */
	find_peers();
	begin();
	for (int round = 0; round < (args.quick ? 3 : 5); round++)
		one_round(n, round);
	end();
	return 0;
}
