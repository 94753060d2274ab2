/* SPDX-License-Identifier: MIT */
#include "attach/packet.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/closer.h"

/* Room for one descriptor more than is right, to tell such packets. */
#define FDS 2

/* What lies first in a socket. */
struct first {
	bool any;	/* a packet, of whatever length; else the end */
	bool truncated; /* not all of its descriptors are in fds */
	int fds[FDS];	/* further references, of our own */
	size_t n;
	size_t length;
};

int packet_prepare(int listening)
{
	const int on = 1;

	/* An empty packet looks like the end but for its credentials. */
	return setsockopt(listening, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on))
		       ? -errno
		       : 0;
}

static void take_fds(struct cmsghdr *c, struct first *first)
{
	first->n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(first->fds, CMSG_DATA(c), first->n * sizeof(int));
}

/* 0 or -errno. flags: MSG_PEEK at least */
static int look(int sock, void *data, size_t size, struct first *first)
{
	char control[CMSG_SPACE(sizeof(struct ucred)) +
		     CMSG_SPACE(FDS * sizeof(int))]
		__attribute__((aligned(sizeof(size_t))));
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n =
		recvmsg(sock, &msg,
			MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*first = (struct first){0};
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	first->length = (size_t)n;
	first->truncated = msg.msg_flags & MSG_CTRUNC;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		first->any = true;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, first);
	}
	return 0;
}

/* Takes the first packet out; its descriptors have other references. */
static void drop_first(int sock)
{
	struct msghdr msg = {0};

	while (recvmsg(sock, &msg, MSG_DONTWAIT) < 0 && errno == EINTR)
		;
}

int packet_receive(int sock, uid_t uid, void *data, size_t size, int *fd)
{
	struct first first;
	int err = look(sock, data, size, &first);

	*fd = -1;
	if (err)
		return err;
	if (!first.any)
		return -ECONNRESET;
	if (!first.truncated && first.n <= 1) {
		drop_first(sock);
		if (first.n)
			*fd = first.fds[0];
		return first.length == size ? 0 : -EPROTO;
	}
	for (size_t i = 0; i < first.n; i++)
		closer_close(first.fds[i], uid);
	return first.n ? -EPROTO : -EMFILE;
}

/* Whether nothing is left in a socket that takes nothing in any more. */
static bool is_empty(int sock)
{
	char control[CMSG_SPACE(sizeof(struct ucred))]
		__attribute__((aligned(sizeof(size_t))));
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	return !recvmsg(sock, &msg, MSG_PEEK | MSG_DONTWAIT) &&
	       !CMSG_FIRSTHDR(&msg);
}

void packet_hang_up(int sock, uid_t uid)
{
	shutdown(sock, SHUT_RD);
	if (is_empty(sock))
		close(sock);
	else
		closer_close(sock, uid);
}
