/* SPDX-License-Identifier: MIT */
/* The calls of 2026, on regions of mshare_create() and on any other. */
#include "lib/lib_common.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static size_t page;

/* A region of 2026, a unit large, with memory in its first two pages. */
static int region(void)
{
	int fd = mshare_create(MSHARE_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, (off_t)GIB));
	CU_ASSERT(!mshare_map(fd, 0, 2 * page, RW, 0));
	return fd;
}

static char *window(int fd)
{
	char *at = mshare_attach(fd, 0, 0, NULL, 0);

	CU_ASSERT_FATAL(at != MAP_FAILED);
	return at;
}

static void creates(void)
{
	int fd = mshare_create(0), other;
	struct stat st;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(mount_is_empty() && !fstat(fd, &st) && !st.st_nlink);
	CU_ASSERT(!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	CU_ASSERT((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	other = mshare_create(MSHARE_CLOEXEC);
	CU_ASSERT(fcntl(other, F_GETFD) & FD_CLOEXEC);
	close(other);
	CU_ASSERT(refuses(mshare_create(1), EINVAL, "MSHARE_CLOEXEC"));
	CU_ASSERT(refuses(mshare_create(~0U), EINVAL, "flags"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 0), EINVAL,
			  "no size yet"));
	CU_ASSERT(refuses(mshare_map(fd, 0, page, RW, 0), EINVAL, "no size"));
	/* Of a region without a size the same number would set it. */
	CU_ASSERT(refuses(mshare_unmap(fd, GIB, GIB), EINVAL, "no size"));
	CU_ASSERT(!fstat(fd, &st) && !st.st_size);
	CU_ASSERT(fails(ftruncate(fd, 4096), EINVAL));
	CU_ASSERT(!ftruncate(fd, (off_t)GIB));
	CU_ASSERT(fails(ftruncate(fd, (off_t)(2 * GIB)), EINVAL));
	close(fd);
}

static void attaches(void)
{
	int fd = region();
	char *at = window(fd), *other;

	CU_ASSERT(!((uintptr_t)at % GIB));
	strcpy(at, "text");
	other = mshare_attach(fd, 0, GIB, NULL, MSHARE_READ_ONLY);
	CU_ASSERT_FATAL(other != MAP_FAILED && other != at);
	CU_ASSERT(!strcmp(other, "text"));
	CU_ASSERT(try_write(other, 'x').code == SEGV_ACCERR);
	CU_ASSERT(!mshare_detach(other, GIB));
	CU_ASSERT(try_read(other).signal == SIGSEGV);
	other = mshare_attach(fd, 0, GIB, HERE, MSHARE_FIXED | MSHARE_EXEC);
	CU_ASSERT(other == HERE && !strcmp(other, "text"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, HERE, MSHARE_FIXED),
			  EEXIST, "mapped there"));
	CU_ASSERT(!strcmp(other, "text"));
	CU_ASSERT(mshare_attach(fd, 0, 0, HERE, MSHARE_REPLACE) == HERE);
	CU_ASSERT(!strcmp(other, "text") && !mshare_detach(HERE, 0));
	/* A hint */
	other = mshare_attach(fd, 0, 0, HERE + 4096, 0);
	CU_ASSERT(other == HERE + GIB && !mshare_detach(other, 0));
	other = mshare_attach(fd, 0, 0, at, 0);
	CU_ASSERT(other != at && !mshare_detach(other, 0));
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
}

static void wrong_attachments(void)
{
	int fd = region(), ro = -1, nothing = open("/dev/null", O_RDWR);
	char path[64], *at;

	CU_ASSERT(refuses((long)mshare_attach(-1, 0, 0, NULL, 0), EBADF,
			  "not open"));
	CU_ASSERT(refuses((long)mshare_attach(nothing, 0, 0, NULL, 0), EINVAL,
			  "no region"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 4096, 0, NULL, 0), EINVAL,
			  "offset 0"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 2 * GIB, NULL, 0), EINVAL,
			  "0x40000000"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, page, NULL, 0), EINVAL,
			  "0x40000000"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 16), EINVAL,
			  "flag"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, HERE, 12), EINVAL,
			  "either"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, MSHARE_FIXED),
			  EINVAL, "no address"));
	CU_ASSERT(refuses(
		(long)mshare_attach(fd, 0, 0, HERE + 4096, MSHARE_FIXED),
		EINVAL, "multiple"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	CU_ASSERT(refuses((long)mshare_attach(ro, 0, 0, NULL, 0), EACCES,
			  "MSHARE_READ_ONLY"));
	at = mshare_attach(ro, 0, 0, NULL, MSHARE_READ_ONLY);
	CU_ASSERT(at != MAP_FAILED && !mshare_detach(at, 0));
	close(ro);
	close(nothing);
	close(fd);
	fd = open(in_mount("mshare_info"), O_RDONLY);
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 0), EINVAL,
			  "mshare_info"));
	close(fd);
}

static void wrong_detachments(void)
{
	int fd = region();
	char *at = window(fd);

	CU_ASSERT(refuses(mshare_detach(NULL, 0), EINVAL, "no window"));
	CU_ASSERT(refuses(mshare_detach(at + 4096, 0), EINVAL, "no window"));
	CU_ASSERT(refuses(mshare_detach(at, GIB - page), EINVAL, "size"));
	CU_ASSERT(refuses(mshare_detach(at, 2 * GIB), EINVAL, "size"));
	CU_ASSERT(refuses(mshare_detach(at, SIZE_MAX), EINVAL, "size"));
	CU_ASSERT(refuses(mshare_detach(&fd, 0), EINVAL, "no window"));
	CU_ASSERT(!try_read(at).signal);
	CU_ASSERT(!mshare_detach(at, GIB));
	CU_ASSERT(refuses(mshare_detach(at, GIB), EINVAL, "no window"));
	close(fd);
}

static void maps_and_unmaps(void)
{
	int fd = region();
	char *at = window(fd);

	strcpy(at, "text");
	CU_ASSERT(!mshare_map(fd, 0, 1, RW, 0));
	CU_ASSERT(!*at); /* replaced */
	CU_ASSERT(!mshare_map(fd, 4 * page, page, PROT_READ, 0));
	CU_ASSERT(!try_read(at + 4 * page).signal);
	CU_ASSERT(try_write(at + 4 * page, 'x').code == SEGV_ACCERR);
	CU_ASSERT(!mshare_map(fd, 8 * page, page, RW, MSHARE_LAZY));
	CU_ASSERT(!try_write(at + 8 * page, 'x').signal);
	CU_ASSERT(!mshare_unmap(fd, 0, GIB));
	CU_ASSERT(try_read(at).code == SEGV_MAPERR);
	CU_ASSERT(try_read(at + 8 * page).signal == SIGSEGV);
	CU_ASSERT(!mshare_unmap(fd, 0, GIB));
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
}

/* What all four refuse alike */
static void refuse_ranges(int fd, int (*call)(int fd, off_t offset, size_t n))
{
	int ro, nothing = open("/dev/null", O_RDWR);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	CU_ASSERT(refuses(call(-1, 0, page), EBADF, "not open"));
	CU_ASSERT(refuses(call(nothing, 0, page), EINVAL, "no region"));
	CU_ASSERT(refuses(call(fd, -4096, page), EINVAL, "negative"));
	CU_ASSERT(refuses(call(fd, 0, 0), EINVAL, "not 0"));
	CU_ASSERT(refuses(call(fd, 1, page), EINVAL, "page"));
	CU_ASSERT(refuses(call(fd, GIB, page), EINVAL, "outside"));
	CU_ASSERT(refuses(call(fd, 0, GIB + page), EINVAL, "outside"));
	CU_ASSERT(refuses(call(fd, page, SIZE_MAX), EINVAL, "outside"));
	CU_ASSERT(refuses(call(ro, 0, page), EACCES, "writing"));
	close(ro);
	ro = open(in_mount("mshare_info"), O_RDONLY);
	CU_ASSERT(refuses(call(ro, 0, page), EINVAL, "mshare_info"));
	close(ro);
	close(nothing);
}

static int map(int fd, off_t offset, size_t size)
{
	return mshare_map(fd, offset, size, RW, 0);
}

static int protect(int fd, off_t offset, size_t size)
{
	return mshare_protect(fd, offset, size, PROT_READ);
}

static int advise(int fd, off_t offset, size_t size)
{
	return mshare_advise(fd, offset, size, MADV_DONTNEED);
}

static void wrong_changes(void)
{
	int fd = region();

	refuse_ranges(fd, map);
	refuse_ranges(fd, mshare_unmap);
	refuse_ranges(fd, protect);
	refuse_ranges(fd, advise);
	CU_ASSERT(refuses(mshare_map(fd, 0, page, 8, 0), EINVAL, "PROT_READ"));
	CU_ASSERT(refuses(mshare_map(fd, 0, page, RW, 2), EINVAL, "LAZY"));
	CU_ASSERT(refuses(mshare_protect(fd, 0, page, 8), EINVAL, "PROT_"));
	CU_ASSERT(refuses(mshare_advise(fd, 0, page, MADV_FREE), EINVAL,
			  "MADV_DONTNEED"));
	/* A hole */
	CU_ASSERT(refuses(protect(fd, page, 2 * page), ENOMEM, "not mapped"));
	CU_ASSERT(refuses(advise(fd, page, 2 * page), ENOMEM, "not mapped"));
	CU_ASSERT(!mshare_map(fd, 0, page, PROT_READ, 0));
	CU_ASSERT(refuses(mshare_advise(fd, 0, page, MADV_POPULATE_WRITE),
			  EINVAL, "page"));
	close(fd);
}

/* One call, and all obey: a process that has the window by fork() too. */
static void obedient(void *arg)
{
	int *pipes = arg;
	char *at = HERE, byte;

	for (int i = 0; i < 3; i++) {
		CHILD_ASSERT(read(pipes[0], &byte, 1) == 1);
		CHILD_ASSERT(try_write(at, 'c').signal ==
			     (byte == 'w' ? 0 : SIGSEGV));
		CHILD_ASSERT(try_read(at).signal ==
			     (byte == 'n' ? SIGSEGV : 0));
		CHILD_ASSERT(write(pipes[3], "", 1) == 1);
	}
}

static void ask(const int *pipes, char what)
{
	char byte;

	CU_ASSERT(write(pipes[1], &what, 1) == 1);
	CU_ASSERT(read(pipes[2], &byte, 1) == 1);
}

static void protects(void)
{
	int fd = region(), pipes[4], status;
	char *at = mshare_attach(fd, 0, 0, HERE, MSHARE_FIXED);
	pid_t pid;

	CU_ASSERT_FATAL(at == HERE && !pipe(pipes) && !pipe(pipes + 2));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		obedient(pipes);
		_exit(0);
	}
	*at = 'p';
	CU_ASSERT(!mshare_protect(fd, 0, page, PROT_READ));
	CU_ASSERT(try_write(at, 'x').code == SEGV_ACCERR && *at == 'p');
	CU_ASSERT(!try_write(at + page, 'x').signal);
	ask(pipes, 'r');
	CU_ASSERT(!mshare_protect(fd, 0, page, PROT_NONE));
	CU_ASSERT(try_read(at).signal == SIGSEGV);
	ask(pipes, 'n');
	CU_ASSERT(!mshare_protect(fd, 0, page, RW));
	CU_ASSERT(*at == 'p');
	ask(pipes, 'w');
	CU_ASSERT(*at == 'c');
	CU_ASSERT(waitpid(pid, &status, 0) == pid && !status);
	for (int i = 0; i < 4; i++)
		close(pipes[i]);
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
}

static void advises(void)
{
	int fd = region();
	char *at = window(fd);

	at[0] = at[page] = 'a';
	CU_ASSERT(!mshare_advise(fd, 0, page, MADV_DONTNEED));
	CU_ASSERT(at[0] == 0 && at[page] == 'a');
	CU_ASSERT(!try_write(at, 'b').signal);
	CU_ASSERT(!mshare_map(fd, 4 * page, page, RW, MSHARE_LAZY));
	CU_ASSERT(!mshare_advise(fd, 4 * page, page, MADV_POPULATE_WRITE));
	CU_ASSERT(!try_write(at + 4 * page, 'b').signal);
	CU_ASSERT(!mshare_advise(fd, 4 * page, page, MADV_DONTNEED));
	CU_ASSERT(!at[4 * page]);
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
}

/* The end of a region */

static bool is_empty(void *at)
{
	return try_read(at).signal == SIGSEGV;
}

static void send_fd(int sock, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CHILD_ASSERT(sendmsg(sock, &msg, 0) == 1);
}

static int receive_fd(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Closes it, or exits with it open, when told. */
static void creator(int sock, bool closes)
{
	int fd = mshare_create(MSHARE_CLOEXEC);
	char byte;

	CHILD_ASSERT(fd >= 0 && !ftruncate(fd, (off_t)GIB));
	CHILD_ASSERT(!mshare_map(fd, 0, page, RW, 0));
	send_fd(sock, fd);
	CHILD_ASSERT(read(sock, &byte, 1) == 1);
	if (closes) {
		close(fd);
		CHILD_ASSERT(read(sock, &byte, 1) == 1);
	}
	_exit(0);
}

static void ends(bool by_close)
{
	int socks[2], fd, status;
	char *at;
	pid_t pid;

	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, socks));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		creator(socks[0], by_close);
	fd = receive_fd(socks[1]);
	CU_ASSERT_FATAL(fd >= 0);
	at = window(fd);
	*at = 'x';
	CU_ASSERT(write(socks[1], "", 1) == 1);
	CU_ASSERT(wait_until(is_empty, at));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 0), EINVAL,
			  "ended"));
	CU_ASSERT(refuses(mshare_map(fd, 0, page, RW, 0), EINVAL, "ended"));
	CU_ASSERT(refuses(protect(fd, 0, page), EINVAL, "ended"));
	CU_ASSERT(refuses(advise(fd, 0, page), EINVAL, "ended"));
	if (by_close)
		CU_ASSERT(write(socks[1], "", 1) == 1);
	CU_ASSERT(waitpid(pid, &status, 0) == pid && !status);
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
	close(socks[0]);
	close(socks[1]);
}

static void ends_by_exit(void)
{
	ends(false);
}

static void ends_by_close(void)
{
	ends(true);
}

/* Of the revisions of 2025: with a start, and by name */
static void any_region(void)
{
	int fd = v1_create("v1", (uint64_t)HERE, GIB);
	char *at;

	CU_ASSERT(!mshare_map(fd, (off_t)page, page, RW, 0));
	at = mshare_attach(fd, 0, 0, NULL, 0);
	CU_ASSERT_FATAL(at == HERE);
	CU_ASSERT(!try_write(at + page, 'x').signal);
	CU_ASSERT(try_read(at).signal == SIGSEGV);
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, NULL, 0), EEXIST,
			  "mapped"));
	CU_ASSERT(refuses((long)mshare_attach(fd, 0, 0, HERE + GIB, 0), EINVAL,
			  "0x500000000000"));
	CU_ASSERT(!mshare_unmap(fd, 0, GIB));
	CU_ASSERT(try_read(at + page).signal == SIGSEGV);
	CU_ASSERT(!mshare_detach(at, GIB));
	close(fd);
	CU_ASSERT(!unlink(in_mount("v1")));
}

static const struct test tests[] = {
	{"creates", creates},
	{"attaches", attaches},
	{"wrong attachments", wrong_attachments},
	{"wrong detachments", wrong_detachments},
	{"maps and unmaps", maps_and_unmaps},
	{"wrong changes", wrong_changes},
	{"protects", protects},
	{"advises", advises},
	{"ends by exit", ends_by_exit},
	{"ends by close", ends_by_close},
	{"any region", any_region},
};

static void begin(void)
{
	use_mount();
	page = mount_page();
}

int main(void)
{
	before_tests = begin;
	return run_mount_tests("lib_2026", NULL, tests, N_TESTS(tests));
}
