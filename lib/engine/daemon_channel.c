/* SPDX-License-Identifier: MIT */
/* Connects to the daemon, sends hellos and receives answers. */
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

/* A daemon that does not answer for this long counts as dead. */
#define DAEMON_SECONDS 10

/* How long send_when_allowed() tries; the daemon waits for us about as long. */
#define TURN_MS 5000

int channel_connect(const char *name)
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
	/* SIGSTOP and SIGCONT interrupt it even if all signals are blocked. */
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

/* The ID of users that are not mapped into this user namespace. */
#define OVERFLOW_UID 65534

/* Whether this user ID stands for one user only in this namespace. */
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
 * A userfaultfd gives power over this whole process. Only a peer that has this
 * power anyway may get it: root, or the same user.
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
 * The kernel limits how many descriptors a user may have in flight, in all
 * processes together, to RLIMIT_NOFILE. If more attach at the same moment, some
 * wait until the daemon has received the descriptors of the others.
 */
static int send_when_allowed(int sock, const struct hello *hello, int uffd)
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

int channel_send(int sock, const struct hello *hello, int uffd)
{
	if (uffd >= 0 && !may_have_uffd(sock))
		uffd = -1;
	return send_when_allowed(sock, hello, uffd) ? -EIO : 0;
}

struct hello channel_hello(enum hello_op op, const unsigned char *key,
			   uintptr_t base)
{
	struct hello hello = {.op = op, .base = base};

	memcpy(hello.key, key, sizeof(hello.key));
	return hello;
}

int channel_receive(int sock, struct answer *answer, int *fd)
{
	int got;
	long n = fdpass_receive(sock, answer, sizeof(*answer), &got, 0);

	/* The daemon hung up before it read ours: its answer comes next. */
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

int channel_refusal(int sock)
{
	struct answer answer;
	int err = channel_receive(sock, &answer, NULL);

	return err ? err : -EIO;
}
