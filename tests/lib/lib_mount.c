/* SPDX-License-Identifier: MIT */
/* Tests which mount a call uses, and what mshare_error() says. */
#include "lib/lib_common.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Returns whether fd refers to that directory, and closes fd. */
static bool is_of(int fd, const char *dir)
{
	struct stat there, here;
	bool yes = fd >= 0 && !fstat(fd, &there) && !stat(dir, &here) &&
		   there.st_dev == here.st_dev && there.st_ino == here.st_ino;

	if (fd >= 0)
		close(fd);
	return yes;
}

static void handles(void)
{
	int fd = mshare_mount_open(mount_dir);

	CU_ASSERT(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CU_ASSERT(fcntl(fd, F_GETFL) & O_PATH);
	CU_ASSERT(is_of(fd, mount_dir));
	CU_ASSERT(!mkdir(in_mount("d"), 0700));
	CU_ASSERT(is_of(mshare_mount_open(in_mount("d")), in_mount("d")));
	CU_ASSERT(!rmdir(in_mount("d")));
	CU_ASSERT(refuses(mshare_mount_open("/tmp"), ENODEV, "msharectl"));
	CU_ASSERT(refuses(mshare_mount_open("/nowhere"), ENOENT, "/nowhere"));
	CU_ASSERT(refuses(mshare_mount_open(""), ENOENT, "mount_open"));
	CU_ASSERT(refuses(mshare_mount_open(in_mount("mshare_info")), ENOTDIR,
			  "mshare_info"));
}

static void wrong_handles(void)
{
	int tmp = open("/tmp", O_PATH), file = open("/dev/null", O_RDONLY);
	char *at = memory_here();

	CU_ASSERT_FATAL(at != NULL);
	for (int i = 0; i < 2; i++) {
		const int flags = i ? O_RDWR : O_RDWR | O_CREAT;

		CU_ASSERT(refuses(mshare_at(-2, "r", at, GIB, flags, 0600),
				  EBADF, "-2"));
		CU_ASSERT(refuses(mshare_at(tmp, "r", at, GIB, flags, 0600),
				  ENODEV, "not of msharefs"));
		CU_ASSERT(refuses(mshare_at(file, "r", at, GIB, flags, 0600),
				  ENOTDIR, "directory"));
	}
	CU_ASSERT(refuses(mshare_unlink_at(tmp, "r"), ENODEV, "msharefs"));
	CU_ASSERT(refuses(mshare_unlink_at(-5, "r"), EBADF, "-5"));
	CU_ASSERT(refuses(mshare_unlink_at(file, "r"), ENOTDIR, "direct"));
	CU_ASSERT(refuses(mshare_fd_at(tmp, NULL, GIB, 0), ENODEV, "msh"));
	CU_ASSERT(refuses(mshare_fd_at(-5, NULL, GIB, 0), EBADF, "-5"));
	CU_ASSERT(refuses(mshare_fd_at(file, NULL, GIB, 0), ENOTDIR, "dir"));
	CU_ASSERT(refuses(mshare_create_at(tmp, 0), ENODEV, "msharefs"));
	CU_ASSERT(refuses(mshare_create_at(-5, 0), EBADF, "-5"));
	CU_ASSERT(refuses(mshare_create_at(file, 0), ENOTDIR, "directory"));
	CU_ASSERT(!munmap(at, GIB));
	close(tmp);
	close(file);
}

/* In a child, whose environment is its own */

static void named(void *arg)
{
	(void)arg;
	setenv("XDG_RUNTIME_DIR", "/tmp", 1);
	setenv("MSHAREFS_MOUNT", mount_dir, 1);
	CHILD_ASSERT(is_of(mshare_mount_open(NULL), mount_dir));
	CHILD_ASSERT(mshare_create(0) >= 0);
	/* A variable that names a wrong mount does not fall back to another. */
	setenv("MSHAREFS_MOUNT", "/tmp", 1);
	CHILD_ASSERT(refuses(mshare_mount_open(NULL), ENODEV,
			     "$MSHAREFS_MOUNT is /tmp: not mounted there"));
	CHILD_ASSERT(refuses(mshare_create(0), ENODEV, "MSHAREFS_MOUNT"));
	CHILD_ASSERT(refuses(mshare_fd(NULL, GIB, 0), ENODEV, "_MOUNT"));
	CHILD_ASSERT(refuses(mshare("r", HERE, GIB, O_RDWR, 0), ENODEV, "_MO"));
	CHILD_ASSERT(refuses(mshare_unlink("r"), ENODEV, "_MOUNT"));
	setenv("MSHAREFS_MOUNT", "/nowhere", 1);
	CHILD_ASSERT(refuses(mshare_create(0), ENODEV, "No such file"));
}

static void by_name(void)
{
	CU_ASSERT(in_child(named, NULL) == 0);
}

static void default_one(void *arg)
{
	char parent[] = "/tmp/msharefs-run-XXXXXX", path[64];

	(void)arg;
	CHILD_ASSERT(mkdtemp(parent));
	snprintf(path, sizeof(path), "%s/msharefs", parent);
	setenv("XDG_RUNTIME_DIR", parent, 1);
	unsetenv("MSHAREFS_MOUNT");
	CHILD_ASSERT(!symlink(mount_dir, path));
	CHILD_ASSERT(is_of(mshare_mount_open(NULL), mount_dir));
	setenv("MSHAREFS_MOUNT", "", 1);
	CHILD_ASSERT(mshare_create(0) >= 0);
	CHILD_ASSERT(!unlink(path));
	CHILD_ASSERT(refuses(mshare_create(0), ENODEV, path));
	CHILD_ASSERT(says("/sys/fs/mshare") && says("msharectl mount"));
	CHILD_ASSERT(!mkdir(path, 0700));
	CHILD_ASSERT(refuses(mshare_create(0), ENODEV, "not mounted there"));
	CHILD_ASSERT(!rmdir(path) && !rmdir(parent));
	/* A relative path is ignored. */
	setenv("XDG_RUNTIME_DIR", "tmp", 1);
	snprintf(path, sizeof(path), "/run/user/%d/msharefs", geteuid());
	CHILD_ASSERT(refuses(mshare_create(0), ENODEV, path));
	unsetenv("XDG_RUNTIME_DIR");
	CHILD_ASSERT(refuses(mshare_create(0), ENODEV, path));
}

static void by_default(void)
{
	if (!access("/sys/fs/mshare", F_OK)) {
		skip_test("/sys/fs/mshare is there already");
		return;
	}
	CU_ASSERT(in_child(default_one, NULL) == 0);
}

/*
 * As msharefs(8) makes it: a tmpfs over /sys/fs, here in a separate namespace.
 */
static void kernels_one(void *arg)
{
	(void)arg;
	if (!own_namespace(CLONE_NEWNS) ||
	    mount("none", "/sys/fs", "tmpfs", 0, NULL))
		_exit(77);
	CHILD_ASSERT(!mkdir("/sys/fs/mshare", 0755));
	CHILD_ASSERT(!mount(mount_dir, "/sys/fs/mshare", NULL, MS_BIND, NULL));
	unsetenv("MSHAREFS_MOUNT");
	setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
	CHILD_ASSERT(is_of(mshare_mount_open(NULL), "/sys/fs/mshare"));
}

static void at_last(void)
{
	int status = in_child(kernels_one, NULL);

	if (status == 77)
		skip_test("mounting is refused here, in a namespace too");
	CU_ASSERT(status == 0 || status == 77);
}

static bool is_dead(void *dir)
{
	return access(dir, F_OK) && errno == ENOTCONN;
}

/* Mounts on a new directory, as the default mount; a region there. */
static int region_of_its_own_mount(char dir[PATH_MAX], pid_t *daemon)
{
	int fd;

	CHILD_ASSERT(new_dir(dir, "dead"));
	*daemon = daemon_start(dir, NULL);
	CHILD_ASSERT(*daemon > 0);
	setenv("MSHAREFS_MOUNT", dir, 1);
	fd = mshare_create(MSHARE_CLOEXEC);
	CHILD_ASSERT(fd >= 0 && !ftruncate(fd, (off_t)GIB));
	return fd;
}

/* Its daemon has died. */
static void remove_mount(char dir[PATH_MAX])
{
	const char *argv[] = {"fusermount3", "-u", "-z", dir, NULL};

	CHILD_ASSERT(!run_program(argv) && !rmdir(dir));
}

static void dead_daemon(void *arg)
{
	char dir[PATH_MAX];
	pid_t daemon;
	int fd = region_of_its_own_mount(dir, &daemon);

	(void)arg;
	kill(daemon, SIGKILL);
	CHILD_ASSERT(wait_until(is_dead, dir));
	CHILD_ASSERT(refuses(mshare_create(0), ENOTCONN, "its daemon is gone"));
	CHILD_ASSERT(refuses(mshare_fd(NULL, GIB, 0), ENOTCONN, "its daemon"));
	CHILD_ASSERT(refuses(mshare("r", HERE, GIB, O_RDWR, 0), ENOTCONN,
			     "its daemon is gone"));
	CHILD_ASSERT(refuses(mshare_unlink("r"), ENOTCONN, "its daemon"));
	CHILD_ASSERT(refuses(mshare_unmap(fd, 0, 4096), ENOTCONN, "daemon"));
	CHILD_ASSERT(refuses(mshare_protect(fd, 0, 4096, RW), ENOTCONN, "its"));
	CHILD_ASSERT(refuses(mshare_advise(fd, 0, 4096, MADV_DONTNEED),
			     ENOTCONN, "its daemon"));
	CHILD_ASSERT(refuses(mshare_map(fd, 0, 4096, RW, 0), ENOTCONN,
			     "its daemon is gone"));
	CHILD_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 0), ENOTCONN,
			     "its daemon is gone"));
	remove_mount(dir);
}

static void without_daemon(void)
{
	CU_ASSERT(in_child(dead_daemon, NULL) == 0);
}

static bool waits_in_the_kernel(void *child)
{
	char text[64];

	process_read(*(pid_t *)child, "syscall", text, sizeof(text));
	return text[0] >= '0' && text[0] <= '9'; /* or "running" */
}

/* The kernel has another error for a call that the daemon did not answer. */
static void daemon_dies_during_call(void *arg)
{
	char dir[PATH_MAX];
	pid_t daemon, caller;
	int fd = region_of_its_own_mount(dir, &daemon), status;
	bool waits;

	(void)arg;
	CHILD_ASSERT(daemon_freeze(daemon));
	caller = fork();
	if (!caller)
		_exit(refuses(mshare_unmap(fd, 0, 4096), ENOTCONN, "its daemon")
			      ? 0
			      : 1);
	CHILD_ASSERT(caller > 0);
	waits = wait_until(waits_in_the_kernel, &caller);
	kill(daemon, SIGKILL);
	CHILD_ASSERT(waitpid(caller, &status, 0) == caller && !status);
	CHILD_ASSERT(waits);
	remove_mount(dir);
}

static void without_answer(void)
{
	CU_ASSERT(in_child(daemon_dies_during_call, NULL) == 0);
}

/* Messages */

static void *in_a_thread(void *arg)
{
	(void)arg;
	CHILD_ASSERT(says("no call has failed"));
	CHILD_ASSERT(refuses(mshare_unlink("other"), EINVAL, "other"));
	return NULL;
}

static void errors_are_a_threads(void)
{
	pthread_t thread;

	CU_ASSERT(refuses(mshare_unlink("mine"), EINVAL, "mine"));
	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, in_a_thread, NULL));
	pthread_join(thread, NULL);
	CU_ASSERT(says("mshare_unlink: mine: Invalid argument: no region"));
	/* A call that succeeds leaves no message, and keeps errno. */
	errno = 4711;
	close(mshare_create(0));
	CU_ASSERT(errno == 4711 && says("mine"));
}

static const struct test tests[] = {
	{"handles", handles},
	{"wrong handles", wrong_handles},
	{"by name", by_name},
	{"by default", by_default},
	{"/sys/fs/mshare by default", at_last},
	{"without a daemon", without_daemon},
	{"the daemon dies during a call", without_answer},
	{"errors are a thread's", errors_are_a_threads},
};

int main(void)
{
	before_tests = use_mount;
	return run_mount_tests("lib_mount", NULL, tests, N_TESTS(tests));
}
