/* SPDX-License-Identifier: MIT */
/* Tests the kinds of regions that the calls of 2022 and 2026 make. */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)
#define START ((uint64_t)0x500000000000)

static uint64_t align, page;

static int set_kind(int fd, uint64_t start, uint64_t size, uint32_t flags)
{
	const struct mshare_kind kind = {
		.start = start, .size = size, .flags = flags};

	return ioctl(fd, MSHARE_IOC_KIND, &kind);
}

static int readable(const char *name)
{
	int fd = region_create(name, 0);

	CU_ASSERT(!set_kind(fd, START, align, MSHARE_KIND_READABLE));
	return fd;
}

static void tells_start_and_size(void)
{
	uint64_t info[3] = {0};
	int fd = readable("r"), plain = region_create("p", align);

	CU_ASSERT(read(fd, info, sizeof(info)) == 16);
	CU_ASSERT(info[0] == START && info[1] == align);
	CU_ASSERT(read(fd, info, sizeof(info)) == 0);
	CU_ASSERT(pread(fd, info, 8, 8) == 8 && info[0] == align);
	CU_ASSERT(fails(write(fd, info, 16), EINVAL));
	CU_ASSERT(fails(read(plain, info, 16), EINVAL));
	CU_ASSERT(!v1_get_size(fd, &info[0], &info[1]) && info[0] == START);
	close(plain);
	close(fd);
	CU_ASSERT(!unlink(in_mount("r")) && !unlink(in_mount("p")));
}

/* MSHARE_MAP_AWAY maps a region elsewhere, to fill it first. */
static void away(void)
{
	int fd = readable("r"), ro = open(in_mount("r"), O_RDONLY);
	const int flags = MAP_SHARED | MSHARE_MAP_AWAY;
	char *other, *at;

	CU_ASSERT(!region_add(fd, 0, page));
	other = mmap(NULL, align, RW, flags, fd, 0);
	CU_ASSERT_FATAL(other != MAP_FAILED && other != (char *)START);
	strcpy(other, "filled");
	at = mmap(NULL, align, RW, MAP_SHARED, fd, 0);
	CU_ASSERT(at == (char *)START && !strcmp(at, "filled"));
	CU_ASSERT(!munmap(other, align) && !munmap(at, align));
	/* It has no effect on read-only windows, as they cannot fill it. */
	CU_ASSERT(MAP_FAILS(mmap(NULL, align, RW, flags, ro, 0), EACCES));
	at = mmap(NULL, align, PROT_READ, flags, ro, 0);
	CU_ASSERT(at == (char *)START && !munmap(at, align));
	close(ro);
	close(fd);
	CU_ASSERT(!unlink(in_mount("r")));
}

static void wrong(void)
{
	int fd = region_create("k", 0), ro = open(in_mount("k"), O_RDONLY);

	CU_ASSERT(fails(set_kind(ro, START, align, 2), EACCES));
	CU_ASSERT(fails(set_kind(fd, START + 1, align, 2), EINVAL));
	CU_ASSERT(fails(set_kind(fd, START, align - 1, 2), EINVAL));
	CU_ASSERT(fails(set_kind(fd, 0, align, 2), EINVAL));
	CU_ASSERT(fails(set_kind(fd, START, 0, 2), EINVAL));
	CU_ASSERT(fails(set_kind(fd, 0, align, MSHARE_KIND_OWNED), EINVAL));
	CU_ASSERT(fails(set_kind(fd, 0, 0, 0), EINVAL));
	CU_ASSERT(fails(set_kind(fd, START, align, 3), EINVAL));
	CU_ASSERT(fails(set_kind(fd, START, align, 6), EINVAL));
	CU_ASSERT(!ftruncate(fd, (off_t)align));
	CU_ASSERT(fails(set_kind(fd, START, align, 2), EINVAL));
	CU_ASSERT(fails(set_kind(fd, 0, 0, MSHARE_KIND_OWNED), EINVAL));
	close(ro);
	close(fd);
	CU_ASSERT(!unlink(in_mount("k")));
}

/* Makes a region without a name, and mapped, that ends with the caller. */
static int owned(void)
{
	int first = region_create("o", 0), fd;

	if (first < 0 || set_kind(first, 0, 0, MSHARE_KIND_OWNED))
		return -1;
	fd = open(in_mount("o"), O_RDWR | O_CLOEXEC);
	close(first);
	if (fd < 0 || unlink(in_mount("o")) || ftruncate(fd, (off_t)align) ||
	    region_add(fd, 0, page))
		return -1;
	return fd;
}

static bool is_hole(const char *at)
{
	return try_read(at).code == SEGV_MAPERR;
}

static void ends_with_close(void)
{
	long pages = huge_pages_held();
	int fd = owned(), copy;
	char *at;

	CU_ASSERT_FATAL(fd >= 0);
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
	at[0] = 'x';
	copy = dup(fd);
	CU_ASSERT(!close(fd) && !is_hole(at) && at[0] == 'x');
	CU_ASSERT(!close(copy) && is_hole(at));
	CU_ASSERT(huge_pages_held() == pages);
	CU_ASSERT(!munmap(at, align));
}

/* A descriptor that another process inherited does not keep it. */
static void ends_in_others(void)
{
	int fd = owned(), go[2], status = -1;
	char *at, nothing;
	pid_t child;

	CU_ASSERT_FATAL(fd >= 0 && !pipe(go));
	at = region_window(fd, align);
	child = fork();
	if (!child) {
		close(go[1]);
		CHILD_ASSERT(!read(go[0], &nothing, 1));
		CHILD_ASSERT(is_hole(at));
		CHILD_ASSERT(region_window(fd, align) == NULL &&
			     errno == EINVAL);
		CHILD_ASSERT(fails(region_add(fd, 0, page), EINVAL));
		_exit(0);
	}
	CU_ASSERT(!close(fd) && is_hole(at));
	close(go[0]);
	close(go[1]);
	CU_ASSERT(waitpid(child, &status, 0) == child && status == 0);
	CU_ASSERT(!munmap(at, align));
}

/* When a child closes it or exits, it does not end. */
static void child_exits(void *arg)
{
	close(*(int *)arg);
}

static void outlives_children(void)
{
	int fd = owned();
	char *at = region_window(fd, align);

	CU_ASSERT_FATAL(at != NULL);
	CU_ASSERT(!in_child(child_exits, &fd) && !is_hole(at));
	CU_ASSERT(!close(fd) && is_hole(at));
	CU_ASSERT(!munmap(at, align));
}

/* Sends a descriptor to the parent. */
static void send_fd(int sock, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {{0}};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};

	control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	CHILD_ASSERT(sendmsg(sock, &msg, 0) == 1);
}

static int receive_fd(int sock)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && msg.msg_controllen)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	return fd;
}

/* The owner exits or is killed while another process has the descriptor. */
static void ends_with_its_owner(void)
{
	int status;

	for (int killed = 0; killed < 2; killed++) {
		int pair[2], fd;
		pid_t owner;
		char *at;

		CU_ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		owner = fork();
		if (!owner) {
			fd = owned();
			CHILD_ASSERT(fd >= 0);
			send_fd(pair[1], fd);
			CHILD_ASSERT(read(pair[1], &status, 1) == 1);
			_exit(0);
		}
		fd = receive_fd(pair[0]);
		at = region_window(fd, align);
		CU_ASSERT_FATAL(at != NULL);
		CU_ASSERT(!try_write(at, 'x').signal);
		if (killed)
			kill(owner, SIGKILL);
		else
			CU_ASSERT(write(pair[0], "", 1) == 1);
		CU_ASSERT(waitpid(owner, &status, 0) == owner);
		CU_ASSERT(is_hole(at) && !munmap(at, align));
		close(fd);
		close(pair[0]);
		close(pair[1]);
	}
}

static void becomes_another(void *arg)
{
	const char *const program[] = {"sleep", "100", NULL};
	int *pair = arg, fd = owned();

	CHILD_ASSERT(fd >= 0);
	send_fd(pair[1], fd);
	CHILD_ASSERT(read(pair[1], &fd, 1) == 1);
	execvp(program[0], (char *const *)program);
}

static bool region_is_empty(void *at)
{
	return is_hole(at);
}

/* exec closes the close-on-exec descriptor. */
static void ends_with_exec(void)
{
	int pair[2], fd, status;
	pid_t owner;
	char *at;

	CU_ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	owner = fork();
	if (!owner) {
		becomes_another(pair);
		_exit(1);
	}
	fd = receive_fd(pair[0]);
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL && !is_hole(at));
	CU_ASSERT(write(pair[0], "", 1) == 1);
	CU_ASSERT(wait_until(region_is_empty, at));
	CU_ASSERT(!kill(owner, 0) && !munmap(at, align));
	kill(owner, SIGKILL);
	CU_ASSERT(waitpid(owner, &status, 0) == owner);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static unsigned int flags_of(int of)
{
	struct mshare_status_region r = {.version = MSHARE_STATUS_VERSION};

	CU_ASSERT(!ioctl(of, MSHARE_IOC_REGION, &r));
	return r.flags;
}

static void is_refused(void *arg)
{
	CHILD_ASSERT(
		fails(set_kind(*(int *)arg, 0, 0, MSHARE_KIND_OWNED), EINVAL));
}

/* A process that may not own the region does not become its owner. */
static void refused_owner(void)
{
	int fd = region_create("r", align);

	CU_ASSERT(!region_add(fd, 0, page) && !in_child(is_refused, &fd));
	usleep(200000); /* it would end it a moment later */
	CU_ASSERT(flags_of(fd) == 0 && region_mapped(fd) == page);
	close(fd);
	CU_ASSERT(!unlink(in_mount("r")));
}

/* If the daemon may not read /proc/PID/fd, it does not assume a close. */
static void not_dumpable(void)
{
	int fd = owned(), copy = dup(fd);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!prctl(PR_SET_DUMPABLE, 0));
	close(copy);
	CU_ASSERT(flags_of(fd) == MSHARE_REGION_OWNED);
	CU_ASSERT(!prctl(PR_SET_DUMPABLE, 1) && !close(fd));
}

static void *with_files_of_its_own(void *arg)
{
	return unshare(CLONE_FILES) ? arg : NULL;
}

static void a_thread_ends(void)
{
	pthread_t thread;
	int fd = owned();
	void *failed = &fd;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!pthread_create(&thread, NULL, with_files_of_its_own, &fd));
	CU_ASSERT(!pthread_join(thread, &failed) && !failed);
	usleep(200000);
	CU_ASSERT(flags_of(fd) == MSHARE_REGION_OWNED);
	close(fd);
}

static int left_open;

static void *after_the_main_thread(void *arg)
{
	(void)arg;
	usleep(100000);
	close(dup(left_open));
	CHILD_ASSERT(flags_of(left_open) == MSHARE_REGION_OWNED);
	_exit(0);
}

static void the_main_thread_ends(void)
{
	int status = -1;
	pthread_t thread;
	pid_t child = fork();

	if (!child) {
		left_open = owned();
		CHILD_ASSERT(left_open >= 0);
		CHILD_ASSERT(!pthread_create(&thread, NULL,
					     after_the_main_thread, NULL));
		pthread_exit(NULL);
	}
	CU_ASSERT(waitpid(child, &status, 0) == child && status == 0);
}

/* With -o ownership every creator owns its region */
static void with_ownership(void)
{
	int fd;

	if (!other_mount_start("ownership")) {
		CU_FAIL("no mount with ownership");
		return;
	}
	fd = owned();
	CU_ASSERT(fd >= 0 && flags_of(fd) == MSHARE_REGION_OWNED);
	close(fd);
	fd = region_create("r", 0);
	CU_ASSERT(!in_child(is_refused, &fd) && flags_of(fd) == 0);
	close(fd);
	CU_ASSERT(!unlink(in_mount("r")));
	other_mount_end();
}

/* A descriptor that the owner reopened through /proc keeps the region too. */
static void shows(void)
{
	struct mshare_status_region r = {.version = MSHARE_STATUS_VERSION};
	int fd = owned(), other, child_pid;
	char link[64];

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_REGION, &r));
	child_pid = (int)r.owner;
	CU_ASSERT(r.flags == MSHARE_REGION_OWNED && child_pid == getpid());
	CU_ASSERT(region_mapped(fd) == page);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	other = open(link, O_RDONLY | O_CLOEXEC);
	CU_ASSERT_FATAL(other >= 0);
	CU_ASSERT(!close(fd) && !ioctl(other, MSHARE_IOC_REGION, &r));
	CU_ASSERT(r.flags == MSHARE_REGION_OWNED && region_mapped(other) > 0);
	CU_ASSERT(!close(other));
}

static const struct test tests[] = {
	{"tells start and size", tells_start_and_size},
	{"mapped elsewhere to be filled", away},
	{"wrong arguments", wrong},
	{"ends with close", ends_with_close},
	{"ends in other processes too", ends_in_others},
	{"outlives children", outlives_children},
	{"ends with its owner", ends_with_its_owner},
	{"ends with exec", ends_with_exec},
	{"reopened by its owner", shows},
	{"refused owner", refused_owner},
	{"not dumpable", not_dumpable},
	{"a thread ends", a_thread_ends},
	{"the main thread ends", the_main_thread_ends},
	{"with ownership", with_ownership},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_kind", NULL, tests, N_TESTS(tests));
}
