/* SPDX-License-Identifier: MIT */
#include "common/fdpass.h"

#include <string.h>
#include <sys/socket.h>

#include "common/syscalls.h"

/*
 * Room for one descriptor, and not for two as CMSG_SPACE() would have on 64
 * bits: the kernel would install a second one, which nobody closed.
 */
#define ROOM CMSG_LEN(sizeof(int))

/*
 * With all signals blocked there is EINTR still: after SIGSTOP and SIGCONT, and
 * from the signal by which libc's setuid() tells all threads, on sockets with a
 * timeout.
 */
int fdpass_send(int sock, const void *data, size_t size, int fd, int flags)
{
	_Alignas(struct cmsghdr) char control[ROOM] = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	long n;

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do
		n = SYS_CALL(SYS_sendmsg, sock, &msg, flags | MSG_NOSIGNAL);
	while (n == -EINTR);
	return n < 0 ? (int)n : 0;
}

long fdpass_receive(int sock, void *data, size_t size, int *fd, int flags)
{
	_Alignas(struct cmsghdr) char control[ROOM];
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	long n;

	*fd = -1;
	do
		n = SYS_CALL(SYS_recvmsg, sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n == -EINTR);
	if (n < 0)
		return n;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	else if (msg.msg_flags & MSG_CTRUNC)
		return -EMFILE;
	return n;
}
