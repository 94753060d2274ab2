/* SPDX-License-Identifier: MIT */
#include "hostile/raw_client.h"

#include <mshare_ioctl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostile/hostile.h"

#define MOST 200

static socklen_t address(const char *name, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(addr->sun_path + 1, name, strlen(name));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(name));
}

int dial(const char *name, int flags)
{
	struct sockaddr_un addr;
	socklen_t size = address(name, &addr);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	if (sock >= 0 && connect(sock, (struct sockaddr *)&addr, size)) {
		close(sock);
		return -1;
	}
	return sock;
}

int listen_as(const char *name, int backlog)
{
	struct sockaddr_un addr;
	socklen_t size = address(name, &addr);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), i = 0;

	/* The name is free when the last process of the daemon has ended. */
	while (bind(sock, (struct sockaddr *)&addr, size) && i++ < 5000)
		usleep(1000);
	if (i < 5000 && !listen(sock, backlog))
		return sock;
	close(sock);
	return -1;
}

ssize_t send_fds(int sock, const void *data, size_t size, const int *fds,
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

static int get_ticket(int fd, struct mshare_attach *attach)
{
	*attach = (struct mshare_attach){
		.length = align, .prot = RW, .flags = MAP_SHARED};
	return ioctl(fd, MSHARE_IOC_ATTACH, attach);
}

const char *socket_of(int fd)
{
	static char name[MSHARE_SOCKET_MAX];
	struct mshare_attach attach;

	name[0] = 0;
	if (!get_ticket(fd, &attach))
		memcpy(name, attach.socket, sizeof(name));
	return name;
}

int ask_for_window(int fd, int given)
{
	struct hello hello = {.op = HELLO_ATTACH};
	struct mshare_attach attach;
	int sock = get_ticket(fd, &attach) ? -1 : dial(attach.socket, 0);
	ssize_t n;

	if (sock < 0)
		return -1;
	memcpy(hello.key, attach.ticket, sizeof(hello.key));
	n = given < 0 ? send(sock, &hello, sizeof(hello), MSG_NOSIGNAL)
		      : send_fds(sock, &hello, sizeof(hello), &given, 1);
	if (n == sizeof(hello))
		return sock;
	close(sock);
	return -1;
}

static bool hears(int sock, struct answer *answer)
{
	return recv(sock, answer, sizeof(*answer), 0) == sizeof(*answer) &&
	       !answer->error;
}

bool claim_window(int fd, int given, unsigned char key[MSHARE_KEY_BYTES])
{
	struct hello hello = {.op = HELLO_MAPPED};
	int sock = ask_for_window(fd, given);
	struct answer answer;
	bool ok = sock >= 0 && hears(sock, &answer);

	if (ok) {
		memcpy(key, answer.key, sizeof(answer.key));
		memcpy(hello.key, answer.key, sizeof(hello.key));
		ok = send(sock, &hello, sizeof(hello), MSG_NOSIGNAL) > 0;
	}
	if (sock >= 0)
		close(sock);
	return ok;
}

int begin_to_leave(const char *name, const unsigned char *key)
{
	struct hello hello = {.op = HELLO_LEAVING};
	int sock = dial(name, 0);
	struct answer answer;

	if (sock < 0)
		return -1;
	memcpy(hello.key, key, sizeof(hello.key));
	if (send(sock, &hello, sizeof(hello), MSG_NOSIGNAL) > 0 &&
	    hears(sock, &answer))
		return sock;
	close(sock);
	return -1;
}

void wait_for_end(int sock)
{
	struct answer answer;

	while (sock >= 0 && recv(sock, &answer, sizeof(answer), 0) > 0)
		;
	close(sock);
}

static void *change(void *arg)
{
	struct mshare_change c = {.size = page, .what = PROT_READ};

	for (;;) {
		c.what ^= PROT_WRITE;
		ioctl((int)(intptr_t)arg, MSHARE_IOC_PROTECT, &c);
	}
	return NULL;
}

void begin_to_change(int fd, int n)
{
	pthread_t thread;

	for (int i = 0; i < n; i++)
		CHILD_ASSERT(!pthread_create(&thread, NULL, change,
					     (void *)(intptr_t)fd));
}
