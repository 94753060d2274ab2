/* SPDX-License-Identifier: MIT */
/* Connects to the daemon, sends hellos and receives answers. */
#include "engine/daemon_channel.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "common/fdpass.h"
#include "common/syscalls.h"
#include "engine/daemon_identity.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* A daemon that does not answer for this long counts as dead. */
#define DAEMON_SECONDS 10

/* A wait for the daemon to accept is cut into so many parts a second. */
#define SLICES 50

/* How long send_when_allowed() tries; the daemon waits for us about as long. */
#define TURN_MS 5000

/* How long it tries while the daemon does not take descriptors. */
#define RIGHTS_MS 500

/*
 * How often a client connects again: after the daemon hung up; and after it
 * turned the client away, a millisecond later each time.
 */
#define HUNG_UP_TIMES 3
#define TURNED_AWAY_TIMES 2000

static int get_peer(int sock, struct ucred *peer)
{
	socklen_t size = sizeof(*peer);

	return (int)SYS_CALL(SYS_getsockopt, sock, SOL_SOCKET, SO_PEERCRED,
			     peer, &size);
}

/*
 * Waits while more connections are pending than the daemon has accepted; but
 * not for whoever has taken a dead daemon's name, and accepts none.
 */
static int connect_to(int sock, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strnlen(name, MSHARE_SOCKET_MAX);
	int err, slices = 0;

	memcpy(addr.sun_path + 1, name, n);
	/* SIGSTOP and SIGCONT interrupt it even if all signals are blocked. */
	do
		err = (int)SYS_CALL(SYS_connect, sock, &addr,
				    offsetof(struct sockaddr_un, sun_path) + 1 +
					    n);
	while (err == -EINTR ||
	       (err == -EAGAIN && !daemon_identity_is_gone(name) &&
		++slices < DAEMON_SECONDS * SLICES));
	/* Whoever has its name now does not answer for it. */
	if (err == -EAGAIN && daemon_identity_is_gone(name))
		err = -ECONNREFUSED;
	return err;
}

int channel_connect(const char *name)
{
	const struct timeval timeout = {.tv_sec = DAEMON_SECONDS};
	const struct timeval slice = {.tv_usec = 1000000 / SLICES};
	struct ucred peer;
	int err, fd = (int)SYS_CALL(SYS_socket, AF_UNIX,
				    SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	SYS_CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		 sizeof(timeout));
	SYS_CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &slice,
		 sizeof(slice));
	err = connect_to(fd, name);
	if (!err)
		err = get_peer(fd, &peer);
	if (!err && !daemon_identity_check(name, &peer))
		err = -ECONNREFUSED;
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

uint64_t channel_netns(int sock)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (SYS_CALL(SYS_getsockopt, sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie,
		     &size))
		return 0;
	return cookie;
}

bool channel_has_no_peer(int sock, uint64_t netns)
{
	uint64_t here;

	if (sock != -ECONNREFUSED)
		return false;
	sock = (int)SYS_CALL(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
			     0);
	if (sock < 0)
		return false;
	here = channel_netns(sock);
	sys_close(sock);
	return here == netns;
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

static bool has_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return SYS_CALL(SYS_capget, &header, sets) || sets[0].permitted ||
	       sets[1].permitted;
}

/*
 * Whether the kernel lets us send a signal to the peer. It compares users, not
 * their numbers in this namespace: so the peer is our user, or one below us.
 */
static bool is_in_our_power(int sock)
{
	socklen_t size = sizeof(int);
	int pidfd;
	long err;

	if (SYS_CALL(SYS_getsockopt, sock, SOL_SOCKET, SO_PEERPIDFD, &pidfd,
		     &size))
		return false;
	err = SYS_CALL(SYS_pidfd_send_signal, pidfd, 0, NULL, 0);
	sys_close(pidfd);
	return !err;
}

/*
 * A userfaultfd gives power over this whole process. Only a peer that has this
 * power anyway may get it: root, or who may trace this process, by the rule of
 * ptrace(2). All of it can change at any time, so it is asked each time.
 */
bool channel_may_have_uffd(int sock)
{
	uid_t u[3];
	gid_t g[3];
	struct ucred peer;

	if (get_peer(sock, &peer))
		return false;
	if (peer.uid == 0)
		return true;
	if (SYS_CALL(SYS_getresuid, &u[0], &u[1], &u[2]) ||
	    SYS_CALL(SYS_getresgid, &g[0], &g[1], &g[2]))
		return false;
	for (int i = 0; i < 3; i++)
		if (u[i] != peer.uid || g[i] != peer.gid)
			return false;
	return (is_certain(peer.uid) || is_in_our_power(sock)) &&
	       !has_capabilities() &&
	       SYS_CALL(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
}

/*
 * The kernel limits how many descriptors a user may have in flight, in all
 * processes together, to RLIMIT_NOFILE. If more attach at the same moment, some
 * wait until the daemon has received the descriptors of the others. And while
 * somebody abuses descriptors, the daemon takes them only once it has accepted
 * the connection (EPERM, SO_PASSRIGHTS).
 */
static bool can_come(int err, int ms)
{
	return err == -ETOOMANYREFS || err == -EAGAIN ||
	       (err == -EPERM && ms < RIGHTS_MS);
}

static int send_when_allowed(int sock, const struct hello *hello, int uffd)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int err = -ETOOMANYREFS;

	for (int ms = 0; ms < TURN_MS && can_come(err, ms); ms++) {
		if (ms)
			SYS_CALL(SYS_nanosleep, &pause, NULL);
		err = fdpass_send(sock, hello, sizeof(*hello), uffd, 0);
	}
	return err;
}

int channel_send(int sock, const struct hello *hello, int uffd)
{
	if (uffd >= 0 && !channel_may_have_uffd(sock))
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
	if (n == -EMFILE || n == -EAGAIN)
		return (int)n;
	if (n == sizeof(*answer) && answer->error < 0 && answer->error >= -4095)
		return answer->error;
	return -EIO;
}

bool channel_try_again(int err, struct channel_tries *tries)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (err == -EIO)
		return tries->hung_up++ < HUNG_UP_TIMES;
	if (err != -ANSWER_TURNED_AWAY ||
	    tries->turned_away++ >= TURNED_AWAY_TIMES)
		return false;
	SYS_CALL(SYS_nanosleep, &pause, NULL);
	return true;
}

int channel_refusal(int sock)
{
	struct answer answer;
	int err = channel_receive(sock, &answer, NULL);

	return err ? err : -EIO;
}

int channel_ask(int sock, const struct hello *hello, struct answer *answer)
{
	return channel_send(sock, hello, -1)
		       ? channel_refusal(sock)
		       : channel_receive(sock, answer, NULL);
}
