/* SPDX-License-Identifier: MIT */
/* The harness's own detector of leaks: what a test leaves is seen. */
#include "harness/harness.h"
#include "harness/harness_held.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE ((size_t)2 << 20)

/* A file of one page, like that of a region. */
static int one_page(unsigned int flags, size_t size)
{
	int fd = memfd_create("msharefs", MFD_CLOEXEC | flags);

	if (fd >= 0 &&
	    (ftruncate(fd, (off_t)size) || fallocate(fd, 0, 0, (off_t)size))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void small_memory(void)
{
	struct held before = held_now();
	int fd = one_page(0, 4096);
	char *at;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(held_now().small_kib == before.small_kib + 4);
	at = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	*at = 1;
	/* once, though a descriptor and a mapping hold it */
	CU_ASSERT(held_now().small_kib == before.small_kib + 4);
	close(fd);
	CU_ASSERT(held_now().small_kib == before.small_kib + 4);
	munmap(at, 4096);
	CU_ASSERT(held_now().small_kib == before.small_kib);
}

static void huge_pages(void)
{
	long before = huge_pages_held();
	int fd = one_page(MFD_HUGETLB, HUGE);
	char *at;

	if (fd < 0) {
		skip_test("no huge pages");
		return;
	}
	CU_ASSERT(huge_pages_held() == before + 1);
	at = mmap(NULL, HUGE, PROT_WRITE, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	*at = 1;
	close(fd);
	CU_ASSERT(huge_pages_held() == before + 1);
	munmap(at, HUGE);
	CU_ASSERT(huge_pages_held() == before);
}

/* A process that waits for its end, and the memory of which is its own. */
static pid_t start_holder(int *fd)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ready))
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		*fd = one_page(0, 8192);
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void child(void)
{
	struct held before = held_now();
	int fd = -1;
	pid_t pid = start_holder(&fd);

	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT(held_now().processes == before.processes + 1);
	CU_ASSERT(held_now().small_kib == before.small_kib + 8);
	kill(pid, SIGKILL);
	CU_ASSERT(waitpid(pid, NULL, 0) == pid);
	CU_ASSERT(held_now().processes == before.processes);
	CU_ASSERT(held_now().small_kib == before.small_kib);
}

static void leave_grandchild(void *arg)
{
	int *pids = arg, fd;

	pids[0] = start_holder(&fd);
}

/* Its parent has ended; it is still part of the tree. */
static void stray(void)
{
	struct held before = held_now();
	int *pids = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CU_ASSERT_FATAL(pids != MAP_FAILED);
	CU_ASSERT(!in_child(leave_grandchild, pids));
	CU_ASSERT_FATAL(pids[0] > 0);
	CU_ASSERT(held_now().processes == before.processes + 1);
	CU_ASSERT(held_now().small_kib == before.small_kib + 8);
	kill(pids[0], SIGKILL);
	munmap(pids, 4096);
	/* The harness itself reaps it, after the test. */
}

static void listening_socket(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct held before = held_now();
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1,
			 "msharefs/unit-held-%d", getpid());

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!bind(fd, (struct sockaddr *)&addr,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				    (size_t)n)));
	CU_ASSERT(held_now().sockets == before.sockets);
	CU_ASSERT(!listen(fd, 1));
	CU_ASSERT(held_now().sockets == before.sockets + 1);
	close(fd);
	CU_ASSERT(held_now().sockets == before.sockets);
}

static const struct test tests[] = {
	{"memory in small pages", small_memory},
	{"huge pages", huge_pages},
	{"a child", child},
	{"a process without a parent", stray},
	{"a listening socket", listening_socket},
};

int main(void)
{
	return run_tests("unit_held", tests, N_TESTS(tests));
}
