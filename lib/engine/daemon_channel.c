/* SPDX-License-Identifier: MIT */
#include "engine/daemon_channel.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "common/fdpass.h"
#include "common/syscalls.h"

/* A daemon that does not answer for so long is taken for dead. */
#define DAEMON_SECONDS 10

/* For as long it takes us for one that is about to say something. */
#define TURN_MS 5000

int talk_connect(const char *name)
{
	const struct timeval timeout = {.tv_sec = DAEMON_SECONDS};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strnlen(name, MSHARE_SOCKET_MAX);
	int err, fd = (int)SYS_CALL(SYS_socket, AF_UNIX,
				    SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	memcpy(addr.sun_path + 1, name, n);
	SYS_CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		 sizeof(timeout));
	SYS_CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		 sizeof(timeout));
	/* Being stopped and continued interrupts it, whatever is blocked. */
	do
		err = (int)SYS_CALL(SYS_connect, fd, &addr,
				    offsetof(struct sockaddr_un, sun_path) + 1 +
					    n);
	while (err == -EINTR);
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

/* What users that a user namespace does not know appear as. */
#define OVERFLOW_UID 65534

/* Whether a user id stands for one user, here. */
static bool is_certain(uid_t uid)
{
	static const char all[] = "         0          0 4294967295\n";
	char map[sizeof(all)];
	long n;
	int fd;

	if (uid != OVERFLOW_UID)
		return true;
	fd = (int)SYS_CALL(SYS_openat, AT_FDCWD, "/proc/self/uid_map",
			   O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = SYS_CALL(SYS_read, fd, map, sizeof(map));
	sys_close(fd);
	return n == sizeof(all) - 1 && !memcmp(map, all, (size_t)n);
}

/*
 * A userfaultfd is power over this whole process. Who gets it must have that
 * power anyway: root, or the same user.
 */
static bool may_have_uffd(int sock)
{
	uid_t self = (uid_t)SYS_CALL(SYS_geteuid);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (SYS_CALL(SYS_getsockopt, sock, SOL_SOCKET, SO_PEERCRED, &peer,
		     &size))
		return false;
	return peer.uid == 0 || (peer.uid == self && is_certain(self));
}

/*
 * The kernel lets a user have only so many descriptors under way at a time, in
 * all of his processes, as one of them may have open: where more attach at the
 * same moment, some wait for the daemon to take those of the others.
 */
static int send_in_turn(int sock, const struct hello *hello, int uffd)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int err = -ETOOMANYREFS;

	for (int ms = 0; ms < TURN_MS && err == -ETOOMANYREFS; ms++) {
		if (ms)
			SYS_CALL(SYS_nanosleep, &pause, NULL);
		err = fdpass_send(sock, hello, sizeof(*hello), uffd, 0);
	}
	return err;
}

int talk_say(int sock, const struct hello *hello, int uffd)
{
	if (uffd >= 0 && !may_have_uffd(sock))
		uffd = -1;
	return send_in_turn(sock, hello, uffd) ? -EIO : 0;
}

struct hello talk_hello(enum hello_op op, const unsigned char *key,
			uintptr_t base)
{
	struct hello hello = {.op = op, .base = base};

	memcpy(hello.key, key, sizeof(hello.key));
	return hello;
}

int talk_hear(int sock, struct answer *answer, int *fd)
{
	int got;
	long n = fdpass_receive(sock, answer, sizeof(*answer), &got, 0);

	/* It hung up and did not read us: what it said comes behind that. */
	if (n == -ECONNRESET)
		n = fdpass_receive(sock, answer, sizeof(*answer), &got, 0);
	if (n == sizeof(*answer) && !answer->error) {
		if (!fd && got < 0)
			return 0;
		if (fd && got >= 0) {
			*fd = got;
			return 0;
		}
	}
	if (got >= 0)
		sys_close(got);
	if (n == -EMFILE)
		return -EMFILE;
	if (n == sizeof(*answer) && answer->error < 0 && answer->error >= -4095)
		return answer->error;
	return -EIO;
}

int talk_why(int sock)
{
	struct answer answer;
	int err = talk_hear(sock, &answer, NULL);

	return err ? err : -EIO;
}
