/* SPDX-License-Identifier: MIT */
#include "harness/harness.h"

#include <CUnit/TestRun.h>
#include <CUnit/TestDB.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/msharefs.h>
#include <mntent.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char mount_dir[PATH_MAX];
pid_t mount_daemon;
void (*before_tests)(void);
void (*before_daemon)(const char *dir);
static int daemon_log = -1; /* what the daemon started last has to say */

/* What must be as before. */
struct machine {
	long huge_pages;
	int mounts;
	int sockets;
	int children;
};

static struct machine before;
static unsigned int passed, failed, skipped;
static const char *skip_reason;
static const struct test *current_test;

static void show_log(void);

/* Machine */

long meminfo(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			value = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

long huge_pages_used(void)
{
	return meminfo("HugePages_Total") - meminfo("HugePages_Free");
}

bool wait_until(bool (*condition)(void *arg), void *arg)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int i = 0; i < 2500; i++) {
		if (condition(arg))
			return true;
		nanosleep(&pause, NULL);
	}
	return condition(arg);
}

static int count_mounts(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int n = 0;

	while (mounts && (m = getmntent(mounts)))
		/* (as the shim shows it, and as it is) */
		n += !strcmp(m->mnt_type, "msharefs") ||
		     !strcmp(m->mnt_type, "fuse.msharefs");
	if (mounts)
		endmntent(mounts);
	return n;
}

static int count_sockets(void)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512];
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		/* listening ones: those of clients carry no name */
		n += strstr(line, "@msharefs/") && strstr(line, "00010000");
	if (file)
		fclose(file);
	return n;
}

static int count_children(void)
{
	char path[64], text[4096];
	int n = 0, fd;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, text, sizeof(text));
	for (ssize_t i = 0; i < got; i++)
		n += text[i] == ' ';
	if (fd >= 0)
		close(fd);
	return n;
}

static struct machine look_around(void)
{
	return (struct machine){
		.huge_pages = huge_pages_used(),
		.mounts = count_mounts(),
		.sockets = count_sockets(),
		.children = count_children(),
	};
}

static bool as_before(void *arg)
{
	struct machine now = look_around();

	(void)arg;
	return now.huge_pages == before.huge_pages &&
	       now.mounts == before.mounts && now.sockets == before.sockets &&
	       now.children == before.children;
}

/* The kernel tells the daemon of a last close some moments later. */
static bool left_over(void)
{
	struct machine now;

	if (wait_until(as_before, NULL))
		return false;
	now = look_around();
	printf("left over: %ld huge pages, %d mounts, %d sockets, %d "
	       "processes\n",
	       now.huge_pages - before.huge_pages, now.mounts - before.mounts,
	       now.sockets - before.sockets, now.children - before.children);
	return true;
}

/* Running */

void skip_test(const char *reason)
{
	skip_reason = reason;
}

/*
 * Pages and sockets are counted for the whole machine: where others use them
 * too, as on a machine that builds packages, that means nothing.
 */
static bool alone(void)
{
	const char *said = getenv("ALONE");

	return !said || strcmp(said, "no") != 0;
}

static void one_test(void)
{
	before = look_around();
	current_test->run();
	CU_ASSERT(!alone() || !left_over());
}

static void report(const struct test *test)
{
	if (CU_get_number_of_failures()) {
		failed++;
		printf("FAIL %s\n", test->name);
	} else if (skip_reason) {
		skipped++;
		printf("SKIP %s: %s\n", test->name, skip_reason);
	} else {
		passed++;
		printf("ok   %s\n", test->name);
	}
}

/* One test at a time through CUnit, so that each gets its own line. */
static void run_one(CU_pSuite suite, const struct test *test)
{
	CU_pTest t = CU_add_test(suite, test->name, one_test);
	CU_ErrorCode err;

	current_test = test;
	skip_reason = NULL;
	fflush(NULL);
	err = t ? CU_run_test(suite, t) : CU_get_error();
	/* One assertion is the harness's own. */
	if (err != CUE_SUCCESS ||
	    (!skip_reason && CU_get_number_of_asserts() < 2)) {
		failed++;
		printf("FAIL %s: it asserted nothing (%s)\n", test->name,
		       CU_get_error_msg());
		return;
	}
	report(test);
	for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext)
		printf("     %s:%u: %s\n", f->strFileName, f->uiLineNumber,
		       f->strCondition);
	fflush(NULL);
}

static int run(const char *name, const struct test *tests, size_t n)
{
	const char *only = getenv("ONLY");
	CU_pSuite suite;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite(name, NULL, NULL);
	if (!suite)
		return 1;
	for (size_t i = 0; i < n; i++)
		if (!only || strstr(tests[i].name, only))
			run_one(suite, &tests[i]);
	CU_cleanup_registry();
	return 0;
}

static int finish(const char *name)
{
	printf("%s: %u passed, %u failed, %u skipped\n", name, passed, failed,
	       skipped);
	return failed ? 1 : passed ? 0 : skipped ? 77 : 1;
}

int run_tests(const char *name, const struct test *tests, size_t n)
{
	if (run(name, tests, n))
		failed++;
	return finish(name);
}

int run_mount_tests(const char *name, const char *options,
		    const struct test *tests, size_t n)
{
	struct machine at_first;

	if (access("/dev/fuse", R_OK | W_OK)) {
		printf("SKIP %s: /dev/fuse: %s; as root: chmod 666 /dev/fuse\n",
		       name, strerror(errno));
		skipped = (unsigned int)n;
		return finish(name);
	}
	snprintf(mount_dir, sizeof(mount_dir), "/tmp/msharefs-test-XXXXXX");
	if (!mkdtemp(mount_dir)) {
		perror(mount_dir);
		return 1;
	}
	at_first = look_around();
	mount_daemon = daemon_start(mount_dir, options);
	if (mount_daemon > 0 && before_tests)
		before_tests();
	if (mount_daemon <= 0 || run(name, tests, n))
		failed++;
	if (mount_daemon > 0 && daemon_stop(mount_dir, mount_daemon)) {
		printf("FAIL %s: the daemon did not end well\n", name);
		failed++;
	}
	rmdir(mount_dir);
	mount_daemon = 0;
	before = at_first;
	if (left_over()) {
		printf("FAIL %s: after unmounting\n", name);
		failed++;
	}
	if (failed)
		show_log();
	return finish(name);
}

/* Mounts */

const char *in_mount(const char *name)
{
	static char paths[8][PATH_MAX + 256];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", mount_dir, name);
	return path;
}

static const char *needed(const char *variable)
{
	const char *value = getenv(variable);

	if (!value) {
		fprintf(stderr, "$%s is not set: use make check or tests/run\n",
			variable);
		exit(1);
	}
	return value;
}

static size_t read_log(char *text, size_t size)
{
	ssize_t n = pread(daemon_log, text, size - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

bool daemon_said(const char *what)
{
	static char text[1 << 20];

	read_log(text, sizeof(text));
	return strstr(text, what) != NULL;
}

static void show_log(void)
{
	static char text[1 << 20];

	read_log(text, sizeof(text));
	printf("The daemon said:\n%s\n", text);
}

/* A mount is there when the daemon has said its line. */
static bool has_started(void *arg)
{
	siginfo_t info = {0};

	waitid(P_PID, *(id_t *)arg, &info, WEXITED | WNOHANG | WNOWAIT);
	return daemon_said(": backing ") || info.si_pid;
}

pid_t daemon_start(const char *dir, const char *options)
{
	const char *program = needed("MSHAREFS");
	const char *backing = getenv("MSHARE_TEST_BACKING");
	char text[PATH_MAX];
	pid_t pid;

	snprintf(text, sizeof(text), "backing=%s%s%s",
		 backing ? backing : "auto", options ? "," : "",
		 options ? options : "");
	if (daemon_log >= 0)
		close(daemon_log);
	daemon_log = memfd_create("daemon-log", MFD_CLOEXEC);
	if (daemon_log < 0)
		return -1;
	fcntl(daemon_log, F_SETFL, O_APPEND);
	pid = fork();
	if (pid == 0) {
		unsetenv("LD_PRELOAD");
		if (before_daemon)
			before_daemon(dir);
		/* It must not outlive a test that crashes. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(daemon_log, 2);
		execl(program, program, "-f", "-o", text, dir, NULL);
		_exit(127);
	}
	if (pid > 0 &&
	    (!wait_until(has_started, &pid) || !daemon_said(": backing "))) {
		show_log();
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	return pid;
}

int daemon_fds(void)
{
	char path[64];
	struct dirent *d;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", mount_daemon);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

long daemon_kib(const char *key)
{
	char path[64], line[128];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", mount_daemon);
	file = fopen(path, "re");
	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			value = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

/* munmap() does not wait for the daemon to forget the window. */
int daemon_settled_fds(void)
{
	usleep(200000);
	return daemon_fds();
}

bool daemon_fds_are(void *arg)
{
	return daemon_fds() == *(int *)arg;
}

static int exit_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

int run_program(const char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		unsetenv("LD_PRELOAD");
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return exit_status(pid);
}

int daemon_stop(const char *dir, pid_t daemon)
{
	const char *argv[] = {"fusermount3", "-u", dir, NULL};

	if (run_program(argv))
		return -1;
	return exit_status(daemon);
}

/* Regions */

int region_create(const char *name, uint64_t size)
{
	int fd = open(in_mount(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		      0600);

	if (fd >= 0 && size && ftruncate(fd, (off_t)size)) {
		close(fd);
		return -1;
	}
	return fd;
}

int region_add_like(int fd, uint64_t offset, uint64_t size, int prot, int flags)
{
	struct mshare_create create = {
		.region_offset = offset,
		.size = size,
		.prot = (__u32)prot,
		.flags =
			(__u32)(MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | flags),
		.fd = (__u32)-1,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &create);
}

int region_add(int fd, uint64_t offset, uint64_t size)
{
	return region_add_like(fd, offset, size, PROT_READ | PROT_WRITE, 0);
}

int region_unmap_range(int fd, uint64_t offset, uint64_t size)
{
	struct mshare_unmap unmap = {.region_offset = offset, .size = size};

	return ioctl(fd, MSHAREFS_UNMAP, &unmap);
}

char *region_window(int fd, uint64_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

uint64_t mount_align(void)
{
	FILE *file = fopen(in_mount("mshare_info"), "re");
	unsigned long n = 0;

	if (!file || fscanf(file, "%lu", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

uint64_t mount_page(void)
{
	struct statvfs fs;

	return statvfs(mount_dir, &fs) ? 0 : fs.f_bsize;
}

bool mount_shares(void)
{
	return daemon_said("page tables shared");
}

/* Processes */

int in_child(void (*child)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		child(arg);
		fflush(NULL);
		_exit(0);
	}
	return exit_status(pid);
}

void child_failed(const char *what, const char *file, int line)
{
	printf("%s:%d: in a child: %s (errno %d)\n", file, line, what, errno);
	fflush(NULL);
	_exit(1);
}

static sigjmp_buf escape;
static struct fault caught;

static void catch_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = (struct fault){sig, info->si_code, info->si_addr};
	siglongjmp(escape, 1);
}

enum access {
	READ_1,
	WRITE_1,
	WRITE_8
};

static struct fault try(volatile char *at, enum access access, char value)
{
	typedef uint64_t __attribute__((aligned(1))) loose;
	struct sigaction act = {.sa_sigaction = catch_fault,
				.sa_flags = SA_SIGINFO};
	struct sigaction old_segv, old_bus;

	sigaction(SIGSEGV, &act, &old_segv);
	sigaction(SIGBUS, &act, &old_bus);
	caught = (struct fault){0};
	if (!sigsetjmp(escape, 1)) {
		if (access == WRITE_8)
			*(volatile loose *)at = 0;
		else if (access == WRITE_1)
			*at = value;
		else
			(void)*at;
	}
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return caught;
}

struct fault try_read(const volatile char *at)
{
	return try((volatile char *)at, READ_1, 0);
}

struct fault try_write(volatile char *at, char value)
{
	return try(at, WRITE_1, value);
}

struct fault try_write_8(volatile char *at)
{
	return try(at, WRITE_8, 0);
}
