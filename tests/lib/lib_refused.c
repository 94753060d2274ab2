/* SPDX-License-Identifier: MIT */
/* What the system refuses the calls: limits, filters, other namespaces. */
#include "lib/lib_common.h"

#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <mshare_ioctl.h>

static size_t page;

/* A region with memory at its beginning */
static int region(size_t size)
{
	int fd = mshare_fd(NULL, size, MSHARE_CLOEXEC);

	CHILD_ASSERT(fd >= 0 && !mshare_map(fd, 0, page, RW, 0));
	return fd;
}

static long attach(int fd)
{
	return (long)mshare_attach(fd, 0, 0, NULL, 0);
}

static long donate(void)
{
	return mshare("r", HERE, GIB, O_CREAT | O_RDWR, 0600);
}

/* A window: addresses, descriptors */

static void few_addresses(void *arg)
{
	const struct rlimit limit = {GIB / 2, GIB / 2};
	int fd = region(GIB);

	(void)arg;
	CHILD_ASSERT(!setrlimit(RLIMIT_AS, &limit));
	CHILD_ASSERT(refuses(attach(fd), ENOMEM, "address space"));
	close(v1_create("v1", (uint64_t)HERE, GIB));
	CHILD_ASSERT(refuses(mshare("v1", HERE, GIB, O_RDWR, 0), ENOMEM,
			     "address space"));
	CHILD_ASSERT(!mshare_unlink("v1"));
}

static void addresses(void)
{
	CU_ASSERT(in_child(few_addresses, NULL) == 0);
}

static void few_descriptors(void *arg)
{
	const struct rlimit limit = {64, 64};
	int fd = region(GIB), n = 0;

	(void)arg;
	CHILD_ASSERT(!setrlimit(RLIMIT_NOFILE, &limit));
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	CHILD_ASSERT(n > 0 && refuses(attach(fd), EMFILE, "ulimit -n"));
	CHILD_ASSERT(refuses(mshare_mount_open(NULL), EMFILE, "ulimit -n"));
	CHILD_ASSERT(refuses(mshare_mount_open("/tmp"), EMFILE, "ulimit"));
	CHILD_ASSERT(refuses(mshare_create(0), EMFILE, "ulimit -n"));
	CHILD_ASSERT(refuses(mshare_fd(NULL, GIB, 0), EMFILE, "ulimit -n"));
	CHILD_ASSERT(refuses(mshare_unlink("r"), EMFILE, "ulimit -n"));
	CHILD_ASSERT(refuses(mshare("r", HERE, GIB, O_RDWR, 0), EMFILE, "uli"));
	CHILD_ASSERT(refuses(donate(), EMFILE, "ulimit -n"));
}

static void descriptors(void)
{
	CU_ASSERT(in_child(few_descriptors, NULL) == 0);
}

static void system_is_full(void *arg)
{
	int fd = region(GIB);

	(void)arg;
	refuse_call(SYS_openat, -1, 0, -1, 0, ENFILE);
	CHILD_ASSERT(refuses(mshare_create(0), ENFILE, "mshare_create"));
	CHILD_ASSERT(refuses(mshare_fd(NULL, GIB, 0), ENFILE, "mshare_fd"));
	CHILD_ASSERT(refuses(mshare_unlink("r"), ENFILE, "r"));
	CHILD_ASSERT(refuses(donate(), ENFILE, "r"));
	CHILD_ASSERT(refuses(mshare_mount_open(NULL), ENFILE, "default"));
	CHILD_ASSERT(refuses(mshare_mount_open("/tmp"), ENFILE, "/tmp"));
	refuse_call(SYS_userfaultfd, -1, 0, -1, 0, ENFILE);
	CHILD_ASSERT(refuses(attach(fd), ENFILE, "descriptor"));
}

static void full(void)
{
	CU_ASSERT(in_child(system_is_full, NULL) == 0);
	CU_ASSERT(mount_is_empty());
}

/* userfaultfd is refused, and the mount insists on it. */
static void cannot_guard(void *arg)
{
	int fd = region(GIB);

	(void)arg;
	close(v1_create("v1", (uint64_t)HERE, GIB));
	refuse_call(SYS_userfaultfd, -1, 0, -1, 0, EPERM);
	CHILD_ASSERT(refuses(attach(fd), EPERM, "require=guard"));
	CHILD_ASSERT(refuses(mshare("v1", HERE, GIB, O_RDWR, 0), EPERM,
			     "require=guard"));
	CHILD_ASSERT(!mshare_unlink("v1") && memory_here());
	strcpy(HERE, "kept");
	CHILD_ASSERT(refuses(donate(), EPERM, "require=guard"));
	CHILD_ASSERT(refuses(mshare_fd(HERE, GIB, 0), EPERM, "userfaultfd"));
	CHILD_ASSERT(!strcmp(HERE, "kept") && mount_is_empty());
}

static void guard(void)
{
	CU_ASSERT_FATAL(other_mount_start("require=guard"));
	use_mount();
	CU_ASSERT(in_child(cannot_guard, NULL) == 0);
	other_mount_end();
	use_mount();
}

/* The daemon's socket is in the network namespace that it was started in. */
static void elsewhere(void *arg)
{
	int fd = region(GIB);

	(void)arg;
	close(v1_create("v1", (uint64_t)HERE, GIB));
	CHILD_ASSERT(memory_here());
	strcpy(HERE, "kept");
	if (!own_namespace(CLONE_NEWNET))
		_exit(77);
	CHILD_ASSERT(refuses(attach(fd), EIO, "namespace"));
	CHILD_ASSERT(refuses(mshare_fd(HERE, GIB, 0), EIO, "namespace"));
	CHILD_ASSERT(refuses(donate(), EIO, "namespace"));
	CHILD_ASSERT(!strcmp(HERE, "kept") && !munmap(HERE, GIB));
	CHILD_ASSERT(refuses(mshare("v1", HERE, GIB, O_RDWR, 0), EIO, "names"));
	CHILD_ASSERT(!mshare_unlink("v1") && mount_is_empty());
}

static void network(void)
{
	int status = in_child(elsewhere, NULL);

	if (status == 77)
		skip_test("namespaces are refused here");
	CU_ASSERT(status == 0 || status == 77);
	if (status == 77)
		unlink(in_mount("v1"));
}

/* A daemon that does not know what kinds of regions there are */
static void old_daemon(void *arg)
{
	(void)arg;
	CHILD_ASSERT(memory_here());
	strcpy(HERE, "kept");
	refuse_call(SYS_ioctl, 1, MSHARE_IOC_KIND, -1, 0, ENOTTY);
	CHILD_ASSERT(refuses(mshare_create(0), ENOSYS, "older"));
	CHILD_ASSERT(refuses(mshare_fd(HERE, GIB, 0), ENOSYS, "older"));
	CHILD_ASSERT(refuses(donate(), ENOSYS, "older"));
	CHILD_ASSERT(!strcmp(HERE, "kept") && mount_is_empty());
}

static void too_old(void)
{
	CU_ASSERT(in_child(old_daemon, NULL) == 0);
}

static void read_only(void *arg)
{
	const unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;

	(void)arg;
	close(v1_create("v1", (uint64_t)HERE, GIB));
	if (!own_namespace(CLONE_NEWNS) ||
	    mount(mount_dir, mount_dir, NULL, MS_BIND, NULL) ||
	    mount(NULL, mount_dir, NULL, flags | MS_NOSUID | MS_NODEV, NULL))
		_exit(77);
	CHILD_ASSERT(memory_here());
	strcpy(HERE, "kept");
	CHILD_ASSERT(refuses(mshare_create(0), EROFS, "may be made"));
	CHILD_ASSERT(refuses(mshare_fd(NULL, GIB, 0), EROFS, "may be made"));
	CHILD_ASSERT(refuses(donate(), EROFS, "may be made"));
	CHILD_ASSERT(refuses(mshare_unlink("v1"), EROFS, "v1"));
	CHILD_ASSERT(!strcmp(HERE, "kept") && !munmap(HERE, GIB));
	CHILD_ASSERT(refuses(mshare("v1", HERE, GIB, O_RDWR, 0), EROFS, "v1"));
	CHILD_ASSERT(!mshare("v1", HERE, GIB, O_RDONLY, 0));
}

static void mounts(void)
{
	int status = in_child(read_only, NULL);

	if (status == 77)
		skip_test("mounting is refused here, in a namespace too");
	CU_ASSERT(status == 0 || status == 77);
	CU_ASSERT(!unlink(in_mount("v1")));
}

/* Somebody else's, where names are their owners' alone */
static void not_the_owner(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!setgid(65534) && !setuid(65534));
	CHILD_ASSERT(!mshare("v1", HERE, GIB, O_RDWR, 0));
	CHILD_ASSERT(refuses(mshare_unlink("v1"), EPERM, "owner"));
	CHILD_ASSERT(!try_read(HERE).signal);
}

static void owner_may(void)
{
	close(region_create("own", GIB));
	CU_ASSERT(!chmod(mount_dir, 01777) && !mshare_unlink("own"));
	CU_ASSERT(mount_is_empty());
}

static void sticky(void)
{
	int fd;

	if (geteuid()) {
		owner_may(); /* only root can be somebody else */
		return;
	}
	CU_ASSERT_FATAL(other_mount_start("allow_other"));
	use_mount();
	fd = v1_create("v1", (uint64_t)HERE, GIB);
	CU_ASSERT(!fchmod(fd, 0666) && !mshare_map(fd, 0, page, RW, 0));
	CU_ASSERT(in_child(not_the_owner, NULL) == 0);
	close(fd);
	CU_ASSERT(!mshare_unlink("v1"));
	other_mount_end();
	use_mount();
}

/* Memory */

#define LARGE ((size_t)1 << 44)

static void no_memory(void *arg)
{
	int fd = region(LARGE);

	(void)arg;
	CHILD_ASSERT(
		refuses(mshare_map(fd, 0, LARGE, RW, 0), ENOMEM, "huge pages"));
	CHILD_ASSERT(!mshare_map(fd, (off_t)GIB, LARGE - GIB, RW, MSHARE_LAZY));
	CHILD_ASSERT(refuses(
		mshare_advise(fd, (off_t)GIB, LARGE - GIB, MADV_POPULATE_WRITE),
		ENOMEM, "huge pages"));
}

static void memory(void)
{
	CU_ASSERT(in_child(no_memory, NULL) == 0);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void interrupted(void *arg)
{
	struct itimerval soon = {.it_value = {.tv_usec = 20000},
				 .it_interval = {.tv_usec = 20000}};
	struct sigaction act = {.sa_handler = on_alarm};
	int fd = region(6 * GIB);

	(void)arg;
	CHILD_ASSERT(!mshare_map(fd, (off_t)GIB, 5 * GIB, RW, MSHARE_LAZY));
	sigaction(SIGALRM, &act, NULL);
	CHILD_ASSERT(!setitimer(ITIMER_REAL, &soon, NULL));
	CHILD_ASSERT(refuses(
		mshare_advise(fd, (off_t)GIB, 5 * GIB, MADV_POPULATE_WRITE),
		EINTR, "signal"));
	CHILD_ASSERT(
		refuses(mshare_map(fd, 0, 6 * GIB, RW, 0), EINTR, "signal"));
}

static void signals(void)
{
	CU_ASSERT(in_child(interrupted, NULL) == 0);
}

static const struct test tests[] = {
	{"descriptors", descriptors},
	{"files", full},
	{"guard", guard},
	{"network", network},
	{"too old", too_old},
	{"read-only", mounts},
	{"sticky", sticky},
	{"memory", memory},
	{"signals", signals},
	{"addresses", addresses}, /* the last */
};

static void begin(void)
{
	use_mount();
	page = mount_page();
}

int main(void)
{
	before_tests = begin;
	/* AddressSanitizer needs terabytes of addresses. */
	return run_mount_tests("lib_refused", NULL, tests,
			       N_TESTS(tests) - SANITIZED);
}
