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
#include "hostile/raw_client.h"

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

static char name[MSHARE_SOCKET_MAX]; /* of the daemon's socket */

/* Attackers */

#define MOST 200

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
	int fds[MOST], go[2], sock = dial(name, 0);
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
static void flood(void)
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
				socks[i] = dial(name, SOCK_NONBLOCK);
		}
		attack_has_begun();
		usleep(20000);
	}
}

static void silent(void)
{
	for (int i = 0; i < 500; i++)
		dial(name, SOCK_NONBLOCK);
}

/* Windows that are never mapped, of a region of one's own. */
static void half_open(void)
{
	int fd = region_create("hostile", align);

	CHILD_ASSERT(fd >= 0 && !region_add(fd, 0, page));
	for (int i = 0; i < 100; i++)
		CHILD_ASSERT(ask_for_window(fd, -1) >= 0);
}

static void by_surplus(void)
{
	static const struct attack attack = {surplus_descriptors, STRANGER,
					     NULL, NULL};

	under_attack(&attack);
}

static void by_silence(void)
{
	static const struct attack attack = {silent, STRANGER, NULL, NULL};

	under_attack(&attack);
}

static void by_flood(void)
{
	static const struct attack attack = {flood, STRANGER, NULL, NULL};

	under_attack(&attack);
}

static void by_half_open(void)
{
	static const struct attack attack = {half_open, HOSTILE, NULL, NULL};

	under_attack(&attack);
}

static const struct test tests[] = {
	{"surplus descriptors", by_surplus},
	{"silent connections", by_silence},
	{"a flood of connections", by_flood},
	{"windows half made", by_half_open},
};

static void look(void)
{
	int fd;

	hostile_look();
	fd = region_create("name", align);
	if (fd < 0)
		abort();
	strcpy(name, socket_of(fd));
	close(fd);
	unlink(in_mount("name"));
}

int main(void)
{
	before_tests = look;
	return run_hostile_tests("mount_hostile_attach", tests, N_TESTS(tests));
}
