/* SPDX-License-Identifier: MIT */
/*
 * Tests programs whose seccomp filter forbids userfaultfd, as in containers and
 * sandboxes: their windows work without a guard, or are refused with -o
 * require=guard.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static uint64_t align, page;
static int fd;

static void begin(void)
{
	fd = region_create("f", align);
	CU_ASSERT_FATAL(fd >= 0 && !region_add(fd, 0, page));
}

static void end(void)
{
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static int add(uint64_t offset, int prot, int flags)
{
	return region_add_like(fd, offset, page, prot, flags);
}

/* Filters */

/* Fails a system call with EPERM; ioctl() only for that request. */
static void forbid(unsigned int call, unsigned int request)
{
	const unsigned int any = call == SYS_ioctl ? 0 : 2;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, (__u8)any, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, request, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	CHILD_ASSERT(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHILD_ASSERT(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static void forbid_userfaultfd(void)
{
	forbid(SYS_userfaultfd, 0);
	CHILD_ASSERT(
		fails(syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY), EPERM));
}

static void forbid_registering(void)
{
	struct uffdio_register reg = {0};

	forbid(SYS_ioctl, (unsigned int)UFFDIO_REGISTER);
	CHILD_ASSERT(fails(ioctl(fd, UFFDIO_REGISTER, &reg), EPERM));
}

typedef void (*filter)(void);

static const filter filters[] = {forbid_userfaultfd, forbid_registering};

/* What is logged and printed */

static bool log_names(pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "the window of pid %d is not guarded",
		 pid);
	return daemon_said(text);
}

static bool has_logged(void *arg)
{
	return log_names(*(pid_t *)arg);
}

/* Collects what the program writes to stderr from now on. */
static int listen_to_stderr(void)
{
	int text = memfd_create("stderr", MFD_CLOEXEC);

	CHILD_ASSERT(text >= 0 && dup2(text, 2) == 2);
	return text;
}

static bool is_silent(int text)
{
	struct stat st;

	return !fstat(text, &st) && st.st_size == 0;
}

/* Without a guard */

static void use_unguarded(void *arg)
{
	int text = listen_to_stderr();
	pid_t pid = getpid();
	char *at;

	(*(const filter *)arg)();
	at = region_window(fd, align);
	CHILD_ASSERT(at && at[0] == 'p');
	at[1] = 'c';
	/* Mapping and unmapping take effect at once, as everywhere. */
	CHILD_ASSERT(!region_add(fd, page, page) && at[page] == 0);
	at[page] = 'c';
	CHILD_ASSERT(!region_unmap_range(fd, page, page));
	CHILD_ASSERT(!region_add(fd, page, page) && at[page] == 0);
	CHILD_ASSERT(wait_until(has_logged, &pid));
	CHILD_ASSERT(!munmap(at, align));
	CHILD_ASSERT(try_read(at).signal == SIGSEGV);
	CHILD_ASSERT(is_silent(text));
}

static void works(void)
{
	char *at;

	begin();
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
	at[0] = 'p';
	for (size_t i = 0; i < 2; i++) {
		at[1] = 0;
		CU_ASSERT(!in_child(use_unguarded, (void *)&filters[i]));
		CU_ASSERT(at[1] == 'c' && at[page] == 0);
		CU_ASSERT(try_read(at + 2 * page).signal == SIGSEGV);
		CU_ASSERT(!region_unmap_range(fd, page, page));
	}
	CU_ASSERT(!log_names(getpid()));
	CU_ASSERT(!munmap(at, align));
	end();
}

static void touch_holes(void *arg)
{
	struct fault none;
	long before = huge_pages_held();
	int zero = open("/dev/zero", O_RDONLY);
	char *at, *other;

	(*(const filter *)arg)();
	at = region_window(fd, align);
	other = region_window(fd, align);
	CHILD_ASSERT(at && other);
	none = try_write(at + 3 * page, 'x');
	CHILD_ASSERT(!none.signal && other[3 * page] == 'x');
	CHILD_ASSERT(read(zero, at + 5 * page, 1) == 1);
	if (page > 1 << 20)
		CHILD_ASSERT(huge_pages_held() == before + 2);
	/* What was left there is not what is mapped. */
	CHILD_ASSERT(!region_add(fd, 3 * page, page));
	CHILD_ASSERT(at[3 * page] == 0 && other[3 * page] == 0);
	at[4 * page] = 'y';
	CHILD_ASSERT(!add(4 * page, RW, MAP_NORESERVE));
	CHILD_ASSERT(at[4 * page] == 0 && other[4 * page] == 0);
	/* Protection does not work here, and the log says so. */
	CHILD_ASSERT(!add(6 * page, PROT_READ, 0));
	CHILD_ASSERT(!try_write(at + 6 * page, 'x').signal);
	CHILD_ASSERT(!region_unmap_range(fd, 2 * page, 6 * page));
	CHILD_ASSERT(huge_pages_held() == before);
}

static void holes_are_no_holes(void)
{
	begin();
	for (size_t i = 0; i < 2; i++)
		CU_ASSERT(!in_child(touch_holes, (void *)&filters[i]));
	end();
}

/*
 * Nobody unmaps the page that was touched: it is freed with the region, which
 * the harness checks.
 */
static void touch_and_go(void *arg)
{
	long before = huge_pages_held();
	char *at;

	(*(const filter *)arg)();
	at = region_window(fd, align);
	CHILD_ASSERT(at && !try_write(at + 3 * page, 'x').signal);
	if (page > 1 << 20)
		CHILD_ASSERT(huge_pages_held() == before + 1);
}

static void touched_holes_go(void)
{
	begin();
	CU_ASSERT(!in_child(touch_and_go, (void *)&filters[0]));
	end();
}

/* Page tables */

static int to_parent[2], to_child[2];

/* Of small pages there are enough in a part of the unit. */
static uint64_t touched_bytes(void)
{
	return page > 4096 ? align : 64 << 20;
}

UNINSTRUMENTED static long touch_all(char *at)
{
	const uint64_t end = touched_bytes();
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (uint64_t o = 0; o < end; o += page)
		((volatile char *)at)[o] = 1;
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

static void touch_and_tell(filter install)
{
	char *at;
	long faults = -1;
	char byte;

	close(to_child[1]);
	install();
	at = region_window(fd, align);
	if (at)
		faults = touch_all(at);
	CHILD_ASSERT(write(to_parent[1], &faults, sizeof(faults)) ==
		     sizeof(faults));
	_exit(read(to_child[0], &byte, 1) != 0);
}

static void share_among_themselves(void)
{
	long faults[4], limit = (long)(touched_bytes() / page / 16);
	int status;

	begin();
	CU_ASSERT_FATAL(!region_add(fd, 0, touched_bytes()));
	CU_ASSERT_FATAL(!pipe(to_parent) && !pipe(to_child));
	fflush(NULL);
	for (int i = 0; i < 4; i++) {
		if (fork() == 0)
			touch_and_tell(filters[i % 2]);
		CU_ASSERT(read(to_parent[0], &faults[i], sizeof(faults[i])) ==
			  sizeof(faults[i]));
	}
	/*
	 * The first one cannot share with the daemon's windows, which are
	 * guarded.
	 */
	CU_ASSERT(faults[0] >= limit);
	for (int i = 1; i < 4; i++)
		CU_ASSERT(mount_shares() ? faults[i] >= 1 && faults[i] <= 3
					 : faults[i] >= limit);
	close(to_child[1]);
	for (int i = 0; i < 4; i++)
		CU_ASSERT(wait(&status) > 0 && !status);
	close(to_child[0]);
	close(to_parent[0]);
	close(to_parent[1]);
	end();
}

/* fork() */

static char *inherited;

static void use_inherited(void *arg)
{
	pid_t pid = getpid();

	CHILD_ASSERT(inherited[0] == 'p');
	CHILD_ASSERT(!region_add(fd, page, page) && inherited[page] == 0);
	CHILD_ASSERT(!region_unmap_range(fd, page, page));
	CHILD_ASSERT(!try_write(inherited + 3 * page, 'x').signal);
	CHILD_ASSERT(wait_until(has_logged, &pid));
	CHILD_ASSERT(is_silent(*(int *)arg));
}

static void fork_under_filter(void *arg)
{
	int text = listen_to_stderr();

	inherited = region_window(fd, align);
	CHILD_ASSERT(inherited != NULL);
	inherited[0] = 'p';
	(*(const filter *)arg)();
	/* A window made before the filter stays guarded. */
	CHILD_ASSERT(try_write(inherited + page, 1).signal == SIGSEGV);
	CHILD_ASSERT(!in_child(use_inherited, &text));
	CHILD_ASSERT(try_write(inherited + page, 1).signal == SIGSEGV);
	CHILD_ASSERT(!log_names(getpid()));
	CHILD_ASSERT(!munmap(inherited, align));
}

static void inherited_under_filter(void)
{
	begin();
	for (size_t i = 0; i < 2; i++)
		CU_ASSERT(!in_child(fork_under_filter, (void *)&filters[i]));
	end();
}

/* -o require=guard, on a mount of its own */

static bool log_refuses(pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "pid %d is refused a window", pid);
	return daemon_said(text);
}

static bool has_refused(void *arg)
{
	return log_refuses(*(pid_t *)arg);
}

static void attach_without_guard(void *arg)
{
	int text = listen_to_stderr();
	pid_t pid = getpid();

	(*(const filter *)arg)();
	CHILD_ASSERT(
		MAP_FAILS(mmap(NULL, align, RW, MAP_SHARED, fd, 0), EPERM));
	CHILD_ASSERT(wait_until(has_refused, &pid));
	CHILD_ASSERT(is_silent(text));
}

static void must_not_inherit(void *arg)
{
	pid_t pid = getpid();

	(void)arg;
	CHILD_ASSERT(wait_until(has_refused, &pid));
	CHILD_ASSERT(try_read(inherited).signal == SIGSEGV);
	CHILD_ASSERT(try_read(inherited + 3 * page).signal == SIGSEGV);
	CHILD_ASSERT(
		MAP_FAILS(mmap(NULL, align, RW, MAP_SHARED, fd, 0), EPERM));
}

static void fork_without_guard(void *arg)
{
	inherited = region_window(fd, align);
	CHILD_ASSERT(inherited != NULL);
	inherited[0] = 'p';
	(*(const filter *)arg)();
	CHILD_ASSERT(!in_child(must_not_inherit, NULL));
	CHILD_ASSERT(inherited[0] == 'p');
	CHILD_ASSERT(try_write(inherited + page, 1).signal == SIGSEGV);
}

static void attach_with_guard(void *arg)
{
	char *at = region_window(fd, align);

	(void)arg;
	CHILD_ASSERT(at && !try_write(at, 1).signal);
	CHILD_ASSERT(try_write(at + page, 1).signal == SIGSEGV);
}

static void guard_is_required(void)
{
	CU_ASSERT(other_mount_start("require=guard"));
	fd = region_create("f", align);
	CU_ASSERT(fd >= 0 && !region_add(fd, 0, page));
	for (size_t i = 0; i < 2; i++) {
		void *arg = (void *)&filters[i];

		CU_ASSERT(!in_child(attach_with_guard, NULL));
		CU_ASSERT(!in_child(attach_without_guard, arg));
		CU_ASSERT(!in_child(fork_without_guard, arg));
	}
	CU_ASSERT(!in_child(attach_with_guard, NULL));
	end();
	other_mount_end();
}

static int protect(uint32_t prot)
{
	const struct mshare_change change = {.size = page, .what = prot};

	return ioctl(fd, MSHARE_IOC_PROTECT, &change);
}

static void daemon_without_userfaultfd(const char *dir)
{
	(void)dir;
	forbid_userfaultfd();
}

/*
 * Without userfaultfd of its own the daemon can protect, with those it is
 * given, but not take pages away and bring them back. This needs root, because
 * a filter would take the privilege of fusermount3.
 */
static void the_daemon_itself(void)
{
	const struct mshare_change populate = {
		.offset = page, .size = page, .what = MADV_POPULATE_WRITE};
	char *at;

	before_daemon = daemon_without_userfaultfd;
	if (!other_mount_start(NULL)) {
		CU_FAIL("no mount");
		return;
	}
	before_daemon = NULL;
	begin();
	at = region_window(fd, align);
	CU_ASSERT(at && !try_write(at, 'a').signal);
	CU_ASSERT(fails(protect(PROT_NONE), EOPNOTSUPP) && at[0] == 'a');
	CU_ASSERT(!try_write(at, 'b').signal);
	CU_ASSERT(!protect(PROT_READ));
	CU_ASSERT(try_write(at, 'c').code == SEGV_ACCERR && at[0] == 'b');
	CU_ASSERT(!protect(RW) && !try_write(at, 'd').signal);
	if (page > 4096) {
		/* The file has a page, so the daemon must find out which. */
		CU_ASSERT(!add(page, RW, MAP_NORESERVE));
		CU_ASSERT(fails(ioctl(fd, MSHARE_IOC_ADVISE, &populate),
				EOPNOTSUPP));
	}
	CU_ASSERT(at && !munmap(at, align));
	end();
	other_mount_end();
}

static const struct test tests[] = {
	{"works", works},
	{"holes can be touched", holes_are_no_holes},
	{"touched holes go with the region", touched_holes_go},
	{"they share among themselves", share_among_themselves},
	{"inherited under a filter", inherited_under_filter},
	{"require=guard", guard_is_required},
	/* Last, because main() leaves it out unless run as root. */
	{"the daemon itself", the_daemon_itself},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_seccomp", NULL, tests,
			       N_TESTS(tests) - (geteuid() != 0));
}
