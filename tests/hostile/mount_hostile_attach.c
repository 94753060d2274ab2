/* SPDX-License-Identifier: MIT */
/*
 * Users who abuse the attach socket, which everybody on the machine can reach.
 * Meanwhile another user creates, attaches, changes and unlinks: none of his
 * calls fails, and none hangs. Afterwards the daemon holds what it held before.
 *
 * Root's daemon, and two ordinary users; run as an ordinary user, there is no
 * other user to harm.
 */
#include "harness/calls.h"
#include "common/protocol.h"
#include "harness/harness.h"
#include "hostile/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTILE 65534
#define NORMAL 1000
#define STRANGER 23456

static uint64_t align, page;
static char name[MSHARE_SOCKET_MAX]; /* of the daemon's socket */
static pid_t victim_daemon;

/* The normal user */

static void fork_once(void *arg)
{
	CHILD_ASSERT(try_read(arg).signal == 0);
}

static void lead_a_normal_life(void *arg)
{
	char *at;
	int fd;

	(void)arg;
	become(NORMAL);
	for (int i = 0; i < ROUNDS; i++) {
		QUICK((fd = region_create("normal", align)) >= 0);
		QUICK(!region_add(fd, 0, page));
		QUICK((at = region_window(fd, align)) != NULL);
		CHILD_ASSERT(!try_write(at, 'a').signal);
		QUICK(!in_child(fork_once, at));
		QUICK(try_read(at + page).signal == SIGSEGV);
		QUICK(!region_unmap_range(fd, 0, align));
		QUICK(!munmap(at, align));
		QUICK(!unlink(in_mount("normal")));
		QUICK(!close(fd));
	}
}

/* Attackers */

static int dial(int flags)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     1 + strlen(name));
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	memcpy(addr.sun_path + 1, name, strlen(name));
	if (sock >= 0 && connect(sock, (struct sockaddr *)&addr, size)) {
		close(sock);
		return -1;
	}
	return sock;
}

#define MOST 200

static ssize_t send_fds(int sock, const void *data, size_t size, const int *fds,
			size_t n)
{
	char control[CMSG_SPACE(MOST * sizeof(int))]
		__attribute__((aligned(sizeof(size_t)))) = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

/* A TCP socket whose last close waits for a peer that never reads. */
static int lingering(int *peer)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct linger linger = {1, 1000000};
	static const char noise[1 << 16];
	socklen_t size = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHILD_ASSERT(!bind(l, (struct sockaddr *)&addr, size) && !listen(l, 1));
	CHILD_ASSERT(!getsockname(l, (struct sockaddr *)&addr, &size));
	CHILD_ASSERT(!connect(c, (struct sockaddr *)&addr, size));
	*peer = accept(l, NULL, NULL);
	close(l);
	setsockopt(c, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	fcntl(c, F_SETFL, O_NONBLOCK);
	while (write(c, noise, sizeof(noise)) > 0)
		;
	return c;
}

/*
 * Sends from a child, which is left with the only copy of c and
 * exits: that does not linger, as a close() here might.
 */
static void send_from_child(int c, size_t n, size_t size)
{
	struct hello hello = {.op = HELLO_FAULT_QUERY};
	int fds[MOST], go[2], sock = dial(0);
	char byte;

	CHILD_ASSERT(sock >= 0 && !pipe2(go, O_CLOEXEC));
	if (!fork()) {
		close(go[1]);
		if (read(go[0], &byte, 1))
			_exit(1);
		for (size_t i = 0; i < n; i++)
			fds[i] = i == n - 1 ? c : go[0];
		send_fds(sock, &hello, size, fds, n);
		_exit(0);
	}
	close(c);
	close(go[0]);
	close(go[1]);
	close(sock);
}

/* Sends one lingering socket among n descriptors, in a packet of that size. */
static void send_lingering(size_t n, size_t size)
{
	int peer, c = lingering(&peer);

	send_from_child(c, n, size);
}

/* One, two, many; in packets that are right, too short, and empty. */
static void surplus_descriptors(void)
{
	static const size_t counts[] = {1, 2, 3, MOST};

	for (size_t i = 0; i < N_TESTS(counts); i++) {
		send_lingering(counts[i], sizeof(struct hello));
		send_lingering(counts[i], 1);
		send_lingering(counts[i], 0);
	}
}

#define CROWD 3000

/* Silent connections, made anew as they are hung up on. */
static _Noreturn void flood(void)
{
	static int socks[CROWD];
	char byte;

	for (int i = 0; i < CROWD; i++)
		socks[i] = -1;
	for (;;) {
		for (int i = 0; i < CROWD; i++) {
			if (socks[i] >= 0 &&
			    recv(socks[i], &byte, 1, MSG_DONTWAIT) >= 0) {
				close(socks[i]);
				socks[i] = -1;
			}
			if (socks[i] < 0)
				socks[i] = dial(SOCK_NONBLOCK);
		}
		usleep(20000);
	}
}

static void silent(void)
{
	for (int i = 0; i < 500; i++)
		dial(SOCK_NONBLOCK);
}

/* Windows that are never mapped, of a region of one's own. */
static void half_open(void)
{
	struct mshare_attach attach;
	struct hello hello = {.op = HELLO_ATTACH};
	int sock, fd = region_create("hostile", align);

	CHILD_ASSERT(fd >= 0 && !region_add(fd, 0, page));
	for (int i = 0; i < 100; i++) {
		attach = (struct mshare_attach){.length = align,
						.prot = PROT_READ | PROT_WRITE,
						.flags = MAP_SHARED};
		CHILD_ASSERT(!ioctl(fd, MSHARE_IOC_ATTACH, &attach));
		memcpy(hello.key, attach.ticket, sizeof(hello.key));
		sock = dial(0);
		send(sock, &hello, sizeof(hello), MSG_NOSIGNAL);
	}
}

static void by_surplus(void)
{
	static const struct attack attack = {surplus_descriptors, STRANGER,
					     NULL};

	under_attack(&attack, lead_a_normal_life);
}

static void by_silence(void)
{
	static const struct attack attack = {silent, STRANGER, NULL};

	under_attack(&attack, lead_a_normal_life);
}

static void by_flood(void)
{
	pid_t pid;
	int fds;

	if (!can_be_others())
		return;
	fds = daemon_settled_fds();
	fflush(NULL);
	pid = fork();
	if (!pid) {
		become(HOSTILE);
		flood();
	}
	usleep(300000);
	CU_ASSERT(!in_child(lead_a_normal_life, NULL));
	CU_ASSERT(!kill(pid, SIGKILL));
	CU_ASSERT(wait_for_exit(pid) == 256 + SIGKILL);
	CU_ASSERT(wait_until(daemon_fds_are, &fds));
}

static void by_half_open(void)
{
	static const struct attack attack = {half_open, HOSTILE, NULL};

	under_attack(&attack, lead_a_normal_life);
}

/* The daemon is killed, and another user takes its socket's name. */

static void squat(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     1 + strlen(name));
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), i = 0;

	memcpy(addr.sun_path + 1, name, strlen(name));
	/* The name is free when the last process of the daemon has ended. */
	while (bind(sock, (struct sockaddr *)&addr, size) && i++ < 5000)
		usleep(1000);
	CHILD_ASSERT(i < 5000 && !listen(sock, 0));
}

static void survive(void)
{
	static const struct attack attack = {squat, HOSTILE, NULL};
	int fd = region_create("f", align);
	struct mshare_attach attach = {
		.length = align,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED,
	};
	char *at[4];
	pid_t pid;

	CHILD_ASSERT(fd >= 0 && !region_add(fd, 0, page));
	for (int i = 0; i < 4; i++)
		CHILD_ASSERT((at[i] = region_window(fd, align)) != NULL);
	CHILD_ASSERT(!ioctl(fd, MSHARE_IOC_ATTACH, &attach));
	memcpy(name, attach.socket, sizeof(name));
	kill(victim_daemon, SIGKILL);
	close(fd);
	pid = begin_attack(&attack);
	QUICK(!in_child(fork_once, at[0]));
	for (int i = 0; i < 4; i++)
		QUICK(!munmap(at[i], align));
	kill(pid, SIGKILL);
	wait_for_exit(pid);
}

static void by_squatting(void)
{
	const char *argv[] = {"fusermount3", "-u", "-z", mount_dir, NULL};
	char old[PATH_MAX], dir[PATH_MAX];
	pid_t survivor;

	if (!can_be_others())
		return;
	CU_ASSERT_FATAL(new_dir(dir, "squat") != NULL);
	strcpy(old, mount_dir);
	strcpy(mount_dir, dir);
	victim_daemon = daemon_start(dir, "allow_other");
	CU_ASSERT(victim_daemon > 0);
	if (victim_daemon > 0) {
		fflush(NULL);
		survivor = fork();
		if (!survivor) {
			survive();
			fflush(NULL);
			_exit(0);
		}
		/* At once, so that nobody takes it for alive. */
		CU_ASSERT(wait_for_exit(victim_daemon) == 256 + SIGKILL);
		CU_ASSERT(!wait_for_exit(survivor));
		CU_ASSERT(!run_program(argv));
	}
	rmdir(dir);
	strcpy(mount_dir, old);
}

static const struct test tests[] = {
	{"surplus descriptors", by_surplus},
	{"silent connections", by_silence},
	{"a flood of connections", by_flood},
	{"windows half made", by_half_open},
	{"the dead daemon's name", by_squatting},
};

static void look(void)
{
	struct mshare_attach attach;
	int fd;

	align = mount_align();
	page = mount_page();
	attach = (struct mshare_attach){
		.length = align, .prot = PROT_READ, .flags = MAP_SHARED};
	fd = region_create("name", align);
	if (fd < 0 || ioctl(fd, MSHARE_IOC_ATTACH, &attach))
		abort();
	memcpy(name, attach.socket, sizeof(name));
	close(fd);
	unlink(in_mount("name"));
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_hostile_attach",
			       geteuid() ? NULL : "allow_other", tests,
			       N_TESTS(tests));
}
