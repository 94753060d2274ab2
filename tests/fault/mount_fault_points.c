/* SPDX-License-Identifier: MIT */
/*
 * Lets each call of the daemon, and then of the engine in this program, that
 * can fail do so once, in turn (fault_points.h), while the program makes
 * regions, windows and changes. A call of the program that succeeds has done
 * its work in all windows; one that fails has an error that says so and has
 * changed nothing. Afterwards the daemon serves, and both hold what they held
 * before.
 */
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fault/fault_points.h"
#include <mshare_ioctl.h>

#define PAGES 8
#define MAX_POINTS 4096
#define RW (PROT_READ | PROT_WRITE)

#define ENGINE_POINTS "MSHARE_ENGINE_FAULT_POINTS"

static struct fault_points *points; /* one of these two */
static struct fault_points *daemon_points, *engine_points;
static int points_fd = -1; /* of daemon_points */
static uint64_t align, page;

/* What a page of the region is, as far as the program was told. */
struct expected {
	bool mapped;
	int prot;
	char value;
};

static struct expected want[PAGES];
static int fd = -1;
static char *windows[2];
static int failed_calls; /* in this round */
static bool lasting;	 /* the fault outlasts what the daemon tries again */
static bool in_doubt;	 /* a call has said that it was done half */

static void hand_over_points(const char *dir)
{
	char path[64];

	(void)dir;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getppid(), points_fd);
	setenv("MSHARE_FAULT_POINTS", path, 1);
}

/* Errors that say that something was short. */
static bool is_shortage(int err)
{
	static const int shortages[] = {ENOMEM, EMFILE,	 ENFILE, EAGAIN,
					ENOSPC, ENOBUFS, ENODATA};

	for (size_t i = 0; i < N_TESTS(shortages); i++)
		if (err == shortages[i])
			return true;
	return false;
}

static void blame(const char *what)
{
	printf("after a failure of %s() at %s: %s\n", points->name,
	       points->caller, what);
}

/* Whether the call was done; it may fail only for the fault. */
static bool done(bool ok, const char *call)
{
	char text[128];

	if (ok)
		return true;
	failed_calls++;
	in_doubt = in_doubt || (lasting && errno == EIO);
	if (in_doubt)
		return false;
	snprintf(text, sizeof(text), "%s: %s", call, strerror(errno));
	if (!points->name[0] || !is_shortage(errno)) {
		blame(text);
		CU_FAIL("a call fails with the wrong error");
	}
	return false;
}

#define DONE(call) done(call, #call)

/* Without faults: whether a window shows each page as it should be. */
static bool is_right(char *at)
{
	for (int i = 0; i < PAGES; i++) {
		const struct expected *e = &want[i];
		char *p = at + (uint64_t)i * page;
		bool reads = e->mapped && e->prot & PROT_READ;
		bool writes = reads && e->prot & PROT_WRITE;
		char text[64];

		if (!try_read(p).signal == reads &&
		    (!reads || *p == e->value) &&
		    !try_write(p, e->value).signal == writes)
			continue;
		snprintf(text, sizeof(text), "page %d is wrong%s", i,
			 at == windows[1] ? " in the second window" : "");
		blame(text);
		return false;
	}
	return true;
}

/* Stops the count of points, and returns what resume() goes on with. */
static long pause_points(void)
{
	return atomic_exchange(&points->left, 0);
}

static void resume(long left)
{
	if (left > 0)
		atomic_store(&points->left, left);
}

static void check(void)
{
	long left = pause_points();

	for (int i = 0; i < 2; i++)
		if (windows[i] && !in_doubt)
			CU_ASSERT(is_right(windows[i]));
	resume(left);
}

/* Writes another value to each page that can be written. */
static void write_all(char value)
{
	for (int i = 0; i < PAGES && windows[0]; i++) {
		if (!want[i].mapped || want[i].prot != RW)
			continue;
		/* A lazy page may be refused. */
		if (!try_write(windows[0] + (uint64_t)i * page, value).signal)
			want[i].value = value;
	}
}

static void map(int first, int n, int flags)
{
	if (!DONE(!region_add_like(fd, (uint64_t)first * page,
				   (uint64_t)n * page, RW, flags)))
		goto check;
	for (int i = first; i < first + n; i++)
		want[i] = (struct expected){true, RW, 0};
check:
	check();
}

static void unmap(int first, int n)
{
	if (DONE(!region_unmap_range(fd, (uint64_t)first * page,
				     (uint64_t)n * page)))
		memset(&want[first], 0, (size_t)n * sizeof(*want));
	check();
}

static void protect(int first, int n, int prot)
{
	const struct mshare_change arg = {
		.offset = (uint64_t)first * page,
		.size = (uint64_t)n * page,
		.what = (uint32_t)prot,
	};
	bool whole = true;

	for (int i = first; i < first + n; i++)
		whole = whole && want[i].mapped;
	if (whole && DONE(!ioctl(fd, MSHARE_IOC_PROTECT, &arg)))
		for (int i = first; i < first + n; i++)
			want[i].prot = prot;
	check();
}

static void attach(int i)
{
	windows[i] = region_window(fd, align);
	DONE(windows[i] != NULL);
	check();
}

static void detach(int i)
{
	if (windows[i] && DONE(!munmap(windows[i], align)))
		windows[i] = NULL;
	check();
}

static void check_inherited(void)
{
	long left = pause_points();

	if (windows[0] && msync(windows[0], page, MS_ASYNC) && errno == ENOMEM)
		_exit(2); /* no window */
	CHILD_ASSERT(!windows[0] || is_right(windows[0]));
	resume(left);
	_exit(0);
}

/* A child has a right window or none, and never a wrong one. */
static void inherit(void)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		check_inherited();
	status = wait_for_exit(pid);
	CU_ASSERT(status == 0 || (status == 2 && points->name[0]));
}

static void files(void)
{
	struct mshare_status_region status = {.version = MSHARE_STATUS_VERSION};
	char list[256];
	struct dirent *d;
	DIR *dir;
	bool linked;

	DONE(!fsetxattr(fd, "user.a", "value", 5, 0));
	linked = DONE(!link(in_mount("f"), in_mount("g")));
	CU_ASSERT(linked == !access(in_mount("g"), F_OK));
	if (linked)
		DONE(!rename(in_mount("g"), in_mount("h")));
	DONE(flistxattr(fd, list, sizeof(list)) >= 0);
	if (DONE(!mkdir(in_mount("d"), 0700)))
		CU_ASSERT(!rmdir(in_mount("d")));
	DONE(!ioctl(fd, MSHARE_IOC_REGION, &status));
	dir = opendir(in_mount(""));
	if (DONE(dir != NULL)) {
		while ((d = readdir(dir)))
			;
		closedir(dir);
	}
}

static void everything(void)
{
	fd = region_create("f", align);
	if (!DONE(fd >= 0))
		return;
	map(0, 4, 0);
	attach(0);
	write_all('a');
	protect(1, 2, PROT_READ);
	inherit();
	map(4, 2, MAP_NORESERVE);
	write_all('b');
	attach(1);
	protect(2, 2, PROT_NONE);
	protect(1, 3, RW);
	map(5, 2, 0);
	write_all('c');
	protect(5, 1, PROT_READ);
	unmap(3, 2);
	unmap(0, 1);
	files();
	detach(1);
	map(0, 2, 0);
	detach(0);
}

static void clean_up(void)
{
	atomic_store(&points->left, 0);
	for (int i = 0; i < 2; i++)
		if (windows[i])
			CU_ASSERT(!munmap(windows[i], align));
	if (fd >= 0)
		close(fd);
	unlink(in_mount("f"));
	unlink(in_mount("g"));
	unlink(in_mount("h"));
	rmdir(in_mount("d"));
	memset(want, 0, sizeof(want));
	windows[0] = windows[1] = NULL;
	fd = -1;
}

struct holding {
	int fds;
	int own_fds; /* of this process */
	long memory;
	uint64_t files;
};

static uint64_t files_there(void)
{
	struct statvfs fs;

	return statvfs(mount_dir, &fs) ? 0 : fs.f_files - fs.f_ffree;
}

static bool holds_no_more(void *arg)
{
	const struct holding *before = arg;

	return daemon_fds() <= before->fds &&
	       process_fds(getpid()) <= before->own_fds &&
	       memory_held() <= before->memory &&
	       files_there() <= before->files;
}

static void report(const struct holding *before)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "%d and %d descriptors (%d and %d), %ld KiB (%ld), "
		 "%lu files (%lu)",
		 daemon_fds(), process_fds(getpid()), before->fds,
		 before->own_fds, memory_held(), before->memory,
		 (unsigned long)files_there(), (unsigned long)before->files);
	blame(text);
	CU_FAIL("something was left");
}

/* Whether there were that many points. */
static bool round_of(long n, int more, const struct holding *before)
{
	bool all;

	points->name[0] = 0;
	failed_calls = 0;
	lasting = more > 0;
	in_doubt = false;
	atomic_store(&points->more, more);
	atomic_store(&points->left, n);
	everything();
	all = points->name[0];
	clean_up();
	if (!wait_until(holds_no_more, (void *)before))
		report(before);
	CU_ASSERT_FATAL(!kill(mount_daemon, 0));
	return all;
}

/* So many points at least are expected, and calls that are refused at them. */
static void each_fails_once(struct fault_points *whose, int least_points,
			    int least_refused)
{
	bool on_windows[MAX_POINTS] = {false};
	struct holding before = {0};
	int refused = 0, borne = 0;
	long n = 0;

	points = whose;
	points->name[0] = 0;
	for (int i = 0; i < 3; i++) {
		everything();
		CU_ASSERT(failed_calls == 0);
		clean_up();
	}
	before.fds = daemon_settled_fds();
	before.own_fds = process_fds(getpid());
	before.memory = memory_held();
	before.files = files_there();
	while (round_of(++n, 0, &before)) {
		refused += failed_calls > 0;
		borne += failed_calls == 0;
		on_windows[n] = !strcmp(points->name, UFFD_POINT);
		CU_ASSERT_FATAL(n + 1 < MAX_POINTS);
	}
	/* What is tried again, and fails again, is undone or said. */
	for (long i = 1; i < n; i++)
		if (on_windows[i])
			round_of(i, 2, &before);
	printf("%ld points: %d refused a call, %d did not\n", n - 1, refused,
	       borne);
	/* The build has fault points, and they do something. */
	CU_ASSERT(n > least_points && refused > least_refused);
	failed_calls = 0;
}

static void daemon_fails(void)
{
	each_fails_once(daemon_points, 100, 20);
}

static void engine_fails(void)
{
	each_fails_once(engine_points, 40, 10);
}

static void prepare(void)
{
	align = mount_align();
	page = mount_page();
}

static struct fault_points *map_points(int file)
{
	void *at = mmap(NULL, sizeof(*points), RW, MAP_SHARED, file, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int new_points(const char *name, unsigned int flags)
{
	int file = memfd_create(name, flags);

	return file < 0 || ftruncate(file, sizeof(*points)) ? -1 : file;
}

/* The engine, which was there before main(), has to know where its points are.
 */
static int begin_again(char **argv)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 new_points("engine-fault-points", 0));
	setenv(ENGINE_POINTS, path, 1);
	execv("/proc/self/exe", argv);
	return 77;
}

static const struct test tests[] = {
	{"each call of the daemon fails once", daemon_fails},
	{"each call of the engine fails once", engine_fails},
};

int main(int argc, char **argv)
{
	const char *path = getenv(ENGINE_POINTS);

	(void)argc;
	if (!path)
		return begin_again(argv);
	engine_points = map_points(atoi(strrchr(path, '/') + 1));
	points_fd = new_points("fault-points", MFD_CLOEXEC);
	daemon_points = map_points(points_fd);
	if (!engine_points || !daemon_points)
		return 77;
	points = daemon_points;
	before_daemon = hand_over_points;
	before_tests = prepare;
	return run_mount_tests("mount_fault_points", NULL, tests,
			       N_TESTS(tests));
}
