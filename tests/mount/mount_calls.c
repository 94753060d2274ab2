/* SPDX-License-Identifier: MIT */
/*
 * Tests programs that mount msharefs with mount(2) and umount(2), as root (in a
 * mount namespace of its own) and as an ordinary user.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/msharefs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD ((char *)8)

static bool is_root;

/*
 * Calls mount() as programs for the kernel series do, but with the backing
 * under test.
 */
static int mount_on(const char *dir, unsigned long flags, const char *options)
{
	const char *backing = getenv("MSHARE_TEST_BACKING");
	char data[PATH_MAX];

	snprintf(data, sizeof(data), "backing=%s%s%s",
		 backing ? backing : "auto", options ? "," : "",
		 options ? options : "");
	return mount("a,b", dir, "msharefs", flags, data);
}

/*
 * Makes a new directory for each test, and calls it mount_dir, which is the
 * name the harness uses.
 */
static bool make_dir(void)
{
	return new_dir(mount_dir, "calls") != NULL;
}

static void remove_dir(void)
{
	CU_ASSERT(!rmdir(mount_dir));
}

static bool is_mounted(void)
{
	struct statfs fs;

	return !statfs(mount_dir, &fs) && fs.f_type == MSHARE_MAGIC;
}

/* Returns the daemon that serves dir, which is its last argument, or 0. */
static pid_t daemon_of(const char *dir)
{
	char path[300], line[2 * PATH_MAX];
	DIR *proc = opendir("/proc");
	struct dirent *d;
	pid_t found = 0;

	while (!found && proc && (d = readdir(proc))) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", d->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
		if (fd >= 0)
			close(fd);
		if (n > (ssize_t)strlen(dir) && !strcmp(line, "msharefs") &&
		    !strcmp(line + n - 1 - strlen(dir), dir))
			found = (pid_t)atoi(d->d_name);
	}
	if (proc)
		closedir(proc);
	return found;
}

static void use_region(const char *name)
{
	int fd = region_create(name, mount_align());
	char *at = fd < 0 ? NULL : region_window(fd, mount_align());

	CU_ASSERT(fd >= 0 && !region_add(fd, 0, mount_page()));
	CU_ASSERT(at && !try_write(at, 7).signal && *at == 7);
	if (at)
		CU_ASSERT(!munmap(at, mount_align()));
	if (fd >= 0)
		CU_ASSERT(!close(fd));
}

static void test_makes_one(void)
{
	CU_ASSERT_FATAL(make_dir());
	errno = EXFULL;
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT_EQUAL(errno, EXFULL);
	CU_ASSERT(is_mounted() && daemon_of(mount_dir) > 0);
	use_region("one");
	CU_ASSERT(!umount(mount_dir));
	/* Everything is gone when umount() returns, not some moments later. */
	CU_ASSERT(!is_mounted());
	CU_ASSERT_EQUAL(daemon_of(mount_dir), 0);
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT(!umount2(mount_dir, 0));
	remove_dir();
}

static void test_relative(void)
{
	char here[PATH_MAX], name[PATH_MAX];

	CU_ASSERT_FATAL(make_dir() && getcwd(here, sizeof(here)));
	snprintf(name, sizeof(name), "%s", mount_dir);
	*strrchr(name, '/') = 0;
	CU_ASSERT(!chdir(name));
	snprintf(name, sizeof(name), "%s", strrchr(mount_dir, '/') + 1);
	CU_ASSERT(!mount_on(name, 0, NULL));
	CU_ASSERT(is_mounted());
	CU_ASSERT(!umount(name));
	CU_ASSERT(!is_mounted());
	CU_ASSERT(!chdir(here));
	remove_dir();
}

/* Effects on the program */

static volatile sig_atomic_t heard;

static void hear(int sig)
{
	(void)sig;
	heard++;
}

static bool status_has(pid_t pid, const char *field, const char *value)
{
	char path[64], line[256];
	bool same = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			same = strstr(line, value) != NULL;
	if (file)
		fclose(file);
	return same;
}

static bool has_in_environment(pid_t pid, const char *what)
{
	static char text[1 << 16];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	return n <= 0 || memmem(text, (size_t)n, what, strlen(what));
}

static bool has_open(pid_t pid, const char *what)
{
	char path[300], target[PATH_MAX];
	bool found = false;
	struct dirent *d;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	while (fds && (d = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), d->d_name, target,
				       sizeof(target) - 1);

		target[n > 0 ? n : 0] = 0;
		found = found || strstr(target, what);
	}
	if (fds)
		closedir(fds);
	return found || !fds;
}

static void undisturbed(void *arg)
{
	const struct sigaction act = {.sa_handler = hear};
	sigset_t set, after;
	int leak, low, said = memfd_create("said", 0);
	struct stat st;
	pid_t pid;

	(void)arg;
	sigaction(SIGCHLD, &act, NULL);
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	leak = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */
	CHILD_ASSERT(dup2(said, 1) == 1 && dup2(said, 2) == 2);
	low = dup(0);
	close(low);
	CHILD_ASSERT(!mount_on(mount_dir, 0, NULL));
	pid = daemon_of(mount_dir);
	CHILD_ASSERT(pid > 0);
	CHILD_ASSERT(leak >= 0 && !has_open(pid, "/dev/zero"));
	CHILD_ASSERT(!has_in_environment(pid, "LD_PRELOAD"));
	CHILD_ASSERT(status_has(pid, "SigBlk:", "0000000000000000"));
	CHILD_ASSERT(!status_has(pid, "SigIgn:", "4000\n")); /* SIGTERM */
	CHILD_ASSERT(low == dup(0) && !close(low));
	CHILD_ASSERT(!umount(mount_dir));
	CHILD_ASSERT(low == dup(0) && !close(low));
	CHILD_ASSERT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	CHILD_ASSERT(!heard);
	sigprocmask(SIG_SETMASK, NULL, &after);
	CHILD_ASSERT(sigismember(&after, SIGUSR1) &&
		     !sigismember(&after, SIGUSR2));
	CHILD_ASSERT(!fstat(said, &st) && st.st_size == 0);
}

static void children_ignored(void *arg)
{
	(void)arg;
	signal(SIGCHLD, SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (mount_on(mount_dir, 0, NULL))
		_exit(2);
	_exit(umount(mount_dir) ? 3 : 0);
}

static void test_host_is_undisturbed(void)
{
	CU_ASSERT_FATAL(make_dir());
	CU_ASSERT_EQUAL(in_child(undisturbed, NULL), 0);
	CU_ASSERT_EQUAL(in_child(children_ignored, NULL), 0);
	remove_dir();
}

static void *mount_and_umount(void *arg)
{
	const char *dir = arg;

	if (mount_on(dir, 0, NULL) || umount(dir))
		return NULL;
	return arg;
}

static void test_threads(void)
{
	char dirs[4][PATH_MAX];
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		CU_ASSERT_FATAL(make_dir());
		strcpy(dirs[i], mount_dir);
		CU_ASSERT_FATAL(!pthread_create(&threads[i], NULL,
						mount_and_umount, dirs[i]));
	}
	for (int i = 0; i < 4; i++) {
		void *result;

		pthread_join(threads[i], &result);
		CU_ASSERT_PTR_EQUAL(result, dirs[i]);
		CU_ASSERT(!rmdir(dirs[i]));
	}
}

/* Errors */

static void test_errors(void)
{
	char file[PATH_MAX];
	int fd;

	CU_ASSERT_FATAL(make_dir());
	CU_ASSERT(fails(mount(BAD, mount_dir, "msharefs", 0, NULL), EFAULT));
	CU_ASSERT(fails(mount("x", BAD, "msharefs", 0, NULL), EFAULT));
	CU_ASSERT(fails(mount("x", mount_dir, BAD, 0, NULL), EFAULT));
	CU_ASSERT(fails(mount("x", mount_dir, "msharefs", 0, BAD), EFAULT));
	CU_ASSERT(fails(umount(BAD), EFAULT));
	CU_ASSERT(
		fails(mount("x", "/tmp/no/such", "msharefs", 0, NULL), ENOENT));
	CU_ASSERT(
		fails(mount("x", "/tmp/no-such", "msharefs", 0, NULL), ENOENT));
	CU_ASSERT(fails(mount("x", "", "msharefs", 0, NULL), ENOENT));
	snprintf(file, sizeof(file), "%s/file", mount_dir);
	fd = open(file, O_CREAT | O_RDWR, 0600);
	CU_ASSERT(fd >= 0 && !close(fd));
	CU_ASSERT(fails(mount("x", file, "msharefs", 0, NULL), ENOTDIR));
	strcat(file, "/x");
	CU_ASSERT(fails(mount("x", file, "msharefs", 0, NULL), ENOTDIR));
	*strrchr(file, '/') = 0;
	CU_ASSERT(!unlink(file));
	CU_ASSERT(fails(mount_on(mount_dir, 0, "align=3G"), EINVAL));
	CU_ASSERT(fails(mount_on(mount_dir, 0, "nonsense"), EINVAL));
	CU_ASSERT(fails(mount("x", mount_dir, "msharefsx", 0, NULL),
			is_root ? ENODEV : EPERM));
	CU_ASSERT(!is_mounted());
	if (!is_root)
		CU_ASSERT(fails(mount_on("/usr", 0, NULL), EPERM));
	remove_dir();
}

static void test_no_daemon(void)
{
	char program[PATH_MAX];

	CU_ASSERT_FATAL(make_dir());
	snprintf(program, sizeof(program), "%s", getenv("MSHAREFS"));
	CU_ASSERT(!setenv("MSHAREFS", "/no/such/msharefs", 1));
	CU_ASSERT(fails(mount_on(mount_dir, 0, NULL), ENODEV));
	CU_ASSERT(!setenv("MSHAREFS", program, 1));
	remove_dir();
}

/* Calls that are not about mounting msharefs go to the kernel unchanged. */
static void test_not_ours(void)
{
	CU_ASSERT_FATAL(make_dir());
	CU_ASSERT(fails(mount(NULL, mount_dir, NULL, MS_REMOUNT, NULL),
			is_root ? EINVAL : EPERM));
	CU_ASSERT(fails(mount("x", mount_dir, "msharefs", MS_MOVE, NULL),
			is_root ? ENOENT : EPERM));
	CU_ASSERT(fails(umount(mount_dir), is_root ? EINVAL : EPERM));
	if (is_root) {
		CU_ASSERT(!mount("none", mount_dir, "tmpfs", 0, NULL));
		CU_ASSERT(!mount(mount_dir, mount_dir, NULL, MS_BIND, NULL));
		CU_ASSERT(!umount(mount_dir) && !umount(mount_dir));
	}
	remove_dir();
}

/* Flags */

static void test_mount_flags(void)
{
	struct statfs fs;

	CU_ASSERT_FATAL(make_dir());
	CU_ASSERT(!mount_on(mount_dir, MS_MGC_VAL | MS_RDONLY | MS_NOEXEC,
			    "align=2G"));
	CU_ASSERT(fails(open(in_mount("x"), O_RDWR | O_CREAT, 0600), EROFS));
	CU_ASSERT(!statfs(mount_dir, &fs) && fs.f_flags & ST_NOEXEC);
	CU_ASSERT_EQUAL(mount_align(), 2UL << 30);
	CU_ASSERT(!umount(mount_dir));
	remove_dir();
}

static void test_umount_flags(void)
{
	char link[PATH_MAX + 8];
	int fd;

	CU_ASSERT_FATAL(make_dir());
	snprintf(link, sizeof(link), "%s-link", mount_dir);
	CU_ASSERT(!symlink(mount_dir, link));
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT(fails(umount2(mount_dir, 0x100), EINVAL));
	CU_ASSERT(fails(umount2(link, UMOUNT_NOFOLLOW),
			is_root ? EINVAL : EPERM));
	fd = region_create("busy", 0);
	CU_ASSERT(fails(umount(mount_dir), EBUSY));
	CU_ASSERT(fails(umount(in_mount("busy")), is_root ? EINVAL : EPERM));
	CU_ASSERT(is_mounted() && fd >= 0 && !close(fd));
	CU_ASSERT(!umount2(link, 0));
	CU_ASSERT(!is_mounted() && !unlink(link));
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	fd = region_create("busy", mount_align());
	CU_ASSERT(!umount2(mount_dir, MNT_DETACH));
	CU_ASSERT(!is_mounted());
	CU_ASSERT(!region_add(fd, 0, 4096) && !close(fd)); /* still works */
	remove_dir();
}

/* Mounts that others made */

static void test_uses_what_is_there(void)
{
	pid_t daemon;
	int fd;

	CU_ASSERT_FATAL(make_dir());
	daemon = daemon_start(mount_dir, NULL);
	CU_ASSERT_FATAL(daemon > 0);
	fd = region_create("theirs", 0);
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT(!access(in_mount("theirs"), F_OK) && !close(fd));
	CU_ASSERT_EQUAL(daemon_of(mount_dir), 0); /* no second daemon */
	use_region("ours");
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT(!umount(mount_dir));
	CU_ASSERT(!access(in_mount("ours"), F_OK));
	CU_ASSERT(!umount(mount_dir));
	CU_ASSERT(!access(in_mount("ours"), F_OK));
	if (!is_root)
		CU_ASSERT(fails(umount(mount_dir), EINVAL));
	CU_ASSERT_EQUAL(daemon_stop(mount_dir, daemon), 0);
	remove_dir();
}

/* A mount that this program did not ask for is left to the kernel. */
static void test_never_asked(void)
{
	pid_t daemon;
	int status;

	CU_ASSERT_FATAL(make_dir());
	daemon = daemon_start(mount_dir, NULL);
	CU_ASSERT_FATAL(daemon > 0);
	if (is_root) {
		CU_ASSERT(!umount(mount_dir));
		CU_ASSERT(waitpid(daemon, &status, 0) == daemon && !status);
	} else {
		CU_ASSERT(fails(umount(mount_dir), EPERM));
		CU_ASSERT_EQUAL(daemon_stop(mount_dir, daemon), 0);
	}
	remove_dir();
}

static void test_stacked(void)
{
	CU_ASSERT_FATAL(make_dir());
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	use_region("r");
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT(!access(in_mount("r"), F_OK));
	CU_ASSERT(!umount(mount_dir));
	CU_ASSERT(!access(in_mount("r"), F_OK));
	CU_ASSERT(!umount(mount_dir));
	CU_ASSERT(!is_mounted());
	CU_ASSERT_EQUAL(daemon_of(mount_dir), 0);
	remove_dir();
}

static void umount_in_child(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!umount(mount_dir));
	CHILD_ASSERT(!is_mounted());
}

static void test_fork(void)
{
	CU_ASSERT_FATAL(make_dir());
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT_EQUAL(in_child(umount_in_child, NULL), 0);
	CU_ASSERT(!is_mounted());
	CU_ASSERT(fails(umount(mount_dir), is_root ? EINVAL : EPERM));
	CU_ASSERT(!mount_on(mount_dir, 0, NULL));
	CU_ASSERT(!umount(mount_dir));
	remove_dir();
}

/* Exactly as the documentation of the kernel series says. */
static void test_kernels_mount_point(void)
{
	const char *dir = "/sys/fs/mshare";

	if (!access(dir, F_OK)) {
		skip_test("/sys/fs/mshare is there");
		return;
	}
	strcpy(mount_dir, dir);
	if (!is_root) {
		CU_ASSERT(fails(mount_on(dir, 0, NULL), EPERM));
		return;
	}
	CU_ASSERT(!mount_on(dir, 0, NULL));
	CU_ASSERT(is_mounted());
	use_region("r");
	CU_ASSERT(!umount(dir));
	/* the tmpfs over /sys/fs is gone too */
	CU_ASSERT(fails(access(dir, F_OK), ENOENT));
}

static const struct test tests[] = {
	{"mount() makes one, umount() takes it down", test_makes_one},
	{"a relative target", test_relative},
	{"the program is not disturbed", test_host_is_undisturbed},
	{"threads mount at the same time", test_threads},
	{"errors", test_errors},
	{"no daemon installed", test_no_daemon},
	{"other mounts are the kernel's business", test_not_ours},
	{"flags and options of mount()", test_mount_flags},
	{"flags of umount2()", test_umount_flags},
	{"a mount that is there is used, and stays", test_uses_what_is_there},
	{"umount() of what was never asked for", test_never_asked},
	{"twice on one directory", test_stacked},
	{"umount() in a child", test_fork},
	{"/sys/fs/mshare", test_kernels_mount_point},
};

int main(void)
{
	is_root = geteuid() == 0;
	if (is_root && (unshare(CLONE_NEWNS) ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))) {
		perror("a mount namespace");
		return 1;
	}
	return run_tests("mount_calls", tests, N_TESTS(tests));
}
