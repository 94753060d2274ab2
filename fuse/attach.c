/* SPDX-License-Identifier: MIT */
#include "attach.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <fcntl.h>
#include <unistd.h>

#include "change.h"
#include "fdpass.h"
#include "log.h"
#include "region.h"
#include "watch.h"
#include "windows.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* A client that says nothing for so long is hung up on. */
#define CLIENT_MS 5000

/* A conversation under way. */
struct client {
	struct watch watch;
	TAILQ_ENTRY(client) entry; /* the one that waits longest is first */
	uint64_t deadline;
	int fd;
	struct ucred peer;
	struct window *window; /* it is about to map; HELLO_MAPPED is next */
};

struct attach {
	struct watch listening;
	struct watch stopping;
	int listen_fd;
	int stop_fd;
	int epoll_fd;
	int reserve_fd; /* given up for a moment to refuse when out of fds */
	bool stop;
	bool started;
	pthread_t thread;
	struct ticket_table tickets; /* locks by itself */
	struct windows windows;
	TAILQ_HEAD(, client) clients;
	char name[MSHARE_SOCKET_MAX];
};

/* Of a conversation: all is said. */
#define DONE 1

static void drop_region(void *region)
{
	region_put(region);
}

int attach_ticket(struct attach *attach, uid_t uid, struct region *region,
		  uint32_t prot, struct mshare_attach *answer)
{
	uint64_t now = now_ms();

	ticket_expire(&attach->tickets, now);
	memcpy(answer->socket, attach->name, sizeof(answer->socket));
	return ticket_issue(&attach->tickets, now, uid, region, answer->kind,
			    prot, answer->ticket);
}

static int peer_pidfd(const struct client *client)
{
	socklen_t size = sizeof(int);
	int fd = -1;

	if (!getsockopt(client->fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &size))
		return fd;
	if (errno != ENOPROTOOPT)
		return -errno;
	fd = (int)syscall(SYS_pidfd_open, client->peer.pid, 0);
	return fd < 0 ? -errno : fd;
}

/* A window of the process at the other end. */
static int add_window(struct attach *attach, struct client *client,
		      struct window *like, struct window **out)
{
	int err, pidfd = peer_pidfd(client);

	if (pidfd < 0)
		return pidfd;
	like->pid = client->peer.pid;
	err = window_add(&attach->windows, like, pidfd, out);
	if (err)
		close(pidfd);
	return err;
}

/* Clients */

static void client_drop(struct attach *attach, struct client *client)
{
	TAILQ_REMOVE(&attach->clients, client, entry);
	if (client->window)
		window_drop(&attach->windows, client->window);
	close(client->fd);
	free(client);
}

static void send_answer(int to, int error, const unsigned char *key, int fd)
{
	struct answer answer = {.error = error};
	int err;

	if (key)
		memcpy(answer.key, key, sizeof(answer.key));
	/* A client that does not take it is hung up on by its deadline. */
	err = fdpass_send(to, &answer, sizeof(answer), fd, MSG_DONTWAIT);
	if (err)
		log_msg(LOG_DEBUG, "answering a client: %s", strerror(-err));
}

static void *close_later(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

/*
 * Closing a file of a strange FUSE filesystem can take as long as its daemon
 * likes, so what a client sent instead of a userfaultfd is closed elsewhere.
 */
static void close_stranger(int fd)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, close_later, (void *)(intptr_t)fd))
		close(fd);
	else
		pthread_detach(thread);
}

static bool is_uffd(int fd)
{
	static const char uffd[] = "anon_inode:[userfaultfd]";
	char path[32], target[sizeof(uffd)];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target));
	return n == sizeof(uffd) - 1 && !memcmp(target, uffd, (size_t)n);
}

/* Power over a process is taken only from whom we could have it anyway. */
static int check_uffd(const struct client *client, int fd)
{
	if (fd >= 0 && !is_uffd(fd)) {
		close_stranger(fd);
		return -EINVAL;
	}
	if (fd >= 0 && geteuid() != 0 && geteuid() != client->peer.uid) {
		close(fd);
		return -EPERM;
	}
	return 0;
}

/* 0 and *fd (-1 if none came); -EAGAIN, or what ends the conversation. */
static int receive_hello(int from, struct hello *hello, int *fd)
{
	long n = fdpass_receive(from, hello, sizeof(*hello), fd, MSG_DONTWAIT);

	if (n < 0)
		return n == -EINTR ? -EAGAIN : (int)n;
	if (n == 0)
		return -ECONNRESET;
	if (n != sizeof(*hello) || hello->flags & ~HELLO_UNGUARDED)
		return -EPROTO;
	return 0;
}

/* The ticket is good: the window is known from now on, and gets its file. */
static int redeem(struct attach *attach, struct client *client,
		  const struct hello *hello, int *uffd)
{
	struct window like = {.uffd = *uffd};
	struct ticket ticket;
	int fd, err = ticket_redeem(&attach->tickets, now_ms(),
				    client->peer.uid, hello->key, &ticket);

	if (err)
		return err;
	like.region = ticket.region;
	like.kind = ticket.kind;
	like.prot = ticket.prot;
	fd = region_lend(like.region, like.kind);
	err = fd < 0 ? fd : add_window(attach, client, &like, &client->window);
	if (err) {
		region_put(ticket.region);
	} else {
		*uffd = -1; /* the window's now */
		client->window->holder = &client->window;
		send_answer(client->fd, 0, client->window->key, fd);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The same window as its parent's, in a child after fork(). */
static int adopt(struct attach *attach, struct client *client,
		 const struct window *parents, const struct hello *hello,
		 int *uffd)
{
	struct window like = *parents, *w;
	int err;

	like.holder = NULL;
	like.base = hello->base; /* the parent's may not be known yet */
	like.uffd = *uffd;
	like.guarded = !(hello->flags & HELLO_UNGUARDED);
	region_get(like.region);
	err = add_window(attach, client, &like, &w);
	if (err) {
		region_put(like.region);
		return err;
	}
	*uffd = -1;
	send_answer(client->fd, 0, w->key, -1);
	return DONE;
}

/* 0: there is more to come; DONE; or -errno, which the client is told. */
static int hear(struct attach *attach, struct client *client,
		const struct hello *hello, int *uffd)
{
	struct window *w = client->window;

	if (w) {
		if (hello->op != HELLO_MAPPED)
			return -EPROTO;
		w->base = hello->base;
		w->guarded = !(hello->flags & HELLO_UNGUARDED);
		w->holder = NULL; /* it has come to stay */
		client->window = NULL;
		return DONE;
	}
	switch (hello->op) {
	case HELLO_ATTACH:
		return redeem(attach, client, hello, uffd);
	case HELLO_FORKED:
		/* (On another line than its MAPPED, which may come later.) */
		w = window_find(&attach->windows, hello->key);
		return w ? adopt(attach, client, w, hello, uffd) : -ENOENT;
	case HELLO_DETACH:
		w = window_find(&attach->windows, hello->key);
		if (w)
			window_drop(&attach->windows, w);
		return DONE;
	default:
		return -EPROTO;
	}
}

static void client_ready(struct attach *attach, struct watch *watch)
{
	struct client *client = (struct client *)watch;
	struct hello hello;
	int uffd, err = receive_hello(client->fd, &hello, &uffd);

	if (err == -EAGAIN)
		return;
	if (!err) {
		err = check_uffd(client, uffd);
		if (err)
			uffd = -1;
	}
	if (!err)
		err = hear(attach, client, &hello, &uffd);
	if (uffd >= 0)
		close_stranger(uffd);
	if (!err)
		return;
	if (err < 0 && err != -ECONNRESET) {
		log_msg(LOG_DEBUG, "pid %d is refused: %s", client->peer.pid,
			strerror(-err));
		send_answer(client->fd, err, NULL, -1);
	}
	client_drop(attach, client);
}

static void client_new(struct attach *attach, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	socklen_t size = sizeof(client->peer);

	if (!client)
		goto refuse;
	client->watch.ready = client_ready;
	client->fd = fd;
	client->deadline = now_ms() + CLIENT_MS;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->peer, &size) ||
	    watch_fd(attach->epoll_fd, fd, &client->watch))
		goto refuse;
	TAILQ_INSERT_TAIL(&attach->clients, client, entry);
	client_ready(attach, &client->watch); /* it often has spoken by now */
	return;
refuse:
	free(client);
	send_answer(fd, -ENOMEM, NULL, -1);
	close(fd);
}

/* Out of descriptors: say so to the one who wants to attach. */
static void refuse_one(struct attach *attach)
{
	int fd;

	/* Without it, somebody has to wait until others have gone. */
	if (attach->reserve_fd < 0)
		usleep(1000);
	else
		close(attach->reserve_fd);
	fd = accept4(attach->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		send_answer(fd, -EMFILE, NULL, -1);
		close(fd);
	}
	attach->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_msg(LOG_ERR, "out of descriptors: an attach was refused; raise "
			 "the limit (ulimit -n) of the daemon");
}

static void someone_connects(struct attach *attach, struct watch *watch)
{
	int fd = accept4(attach->listen_fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)watch;
	if (fd >= 0)
		client_new(attach, fd);
	else if (errno == EMFILE || errno == ENFILE)
		refuse_one(attach);
}

static void told_to_stop(struct attach *attach, struct watch *watch)
{
	(void)watch;
	attach->stop = true;
}

/* Hangs up on who is too slow; returns when the next one will be. */
static uint64_t hang_up(struct attach *attach, uint64_t now)
{
	struct client *client, *next;

	TAILQ_FOREACH_SAFE(client, &attach->clients, entry, next)
	{
		if (client->deadline > now)
			return client->deadline;
		log_msg(LOG_NOTICE, "pid %d fell silent while attaching",
			client->peer.pid);
		client_drop(attach, client);
	}
	return UINT64_MAX;
}

/* Does what is due; for epoll_wait(): how long until the next. */
static int keep_time(struct attach *attach)
{
	uint64_t now = now_ms();
	uint64_t a = hang_up(attach, now);
	uint64_t b = windows_expire(&attach->windows, now);
	uint64_t next = a < b ? a : b;

	return next == UINT64_MAX ? -1 : (int)(next - now);
}

static void *serve(void *arg)
{
	struct attach *attach = arg;

	while (!attach->stop) {
		/*
		 * One at a time: handling an event may free what another one
		 * of the same batch would have been about.
		 */
		struct epoll_event event;
		int n = epoll_wait(attach->epoll_fd, &event, 1,
				   keep_time(attach));

		if (n == 1) {
			struct watch *watch = event.data.ptr;

			watch->ready(attach, watch);
		} else if (n < 0 && errno != EINTR) {
			log_msg(LOG_ERR, "attach socket: %s", strerror(errno));
			break;
		}
	}
	return NULL;
}

static int listen_somewhere(struct attach *attach)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	unsigned char bits[16];
	socklen_t length;
	char *at = attach->name;

	if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
		return -EIO;
	at += sprintf(at, MSHARE_SOCKET_PREFIX);
	for (size_t i = 0; i < sizeof(bits); i++)
		at += sprintf(at, "%02x", bits[i]);
	/* Abstract: nothing to clean up, the same in all mount namespaces. */
	memcpy(addr.sun_path + 1, attach->name, strlen(attach->name));
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     strlen(attach->name));
	attach->listen_fd = socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (attach->listen_fd < 0 ||
	    bind(attach->listen_fd, (struct sockaddr *)&addr, length) ||
	    listen(attach->listen_fd, SOMAXCONN))
		return -errno;
	return 0;
}

int attach_open(struct attach **out)
{
	struct attach *attach = calloc(1, sizeof(*attach));
	int err;

	if (!attach)
		return -ENOMEM;
	TAILQ_INIT(&attach->clients);
	ticket_table_init(&attach->tickets, drop_region);
	attach->listening.ready = someone_connects;
	attach->stopping.ready = told_to_stop;
	attach->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	attach->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	windows_init(&attach->windows, attach->epoll_fd);
	attach->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	err = listen_somewhere(attach);
	if (!err)
		err = watch_fd(attach->epoll_fd, attach->listen_fd,
			       &attach->listening);
	if (!err)
		err = watch_fd(attach->epoll_fd, attach->stop_fd,
			       &attach->stopping);
	if (err) {
		attach_close(attach);
		return err;
	}
	*out = attach;
	return 0;
}

int attach_start(struct attach *attach)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(&attach->thread, NULL, serve, attach);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	attach->started = !err;
	return -err;
}

void attach_close(struct attach *attach)
{
	struct client *client, *next_client;

	if (attach->started) {
		eventfd_write(attach->stop_fd, 1);
		pthread_join(attach->thread, NULL);
	}
	TAILQ_FOREACH_SAFE(client, &attach->clients, entry, next_client)
	client_drop(attach, client);
	windows_free(&attach->windows);
	ticket_table_free(&attach->tickets);
	close(attach->listen_fd);
	close(attach->reserve_fd);
	close(attach->epoll_fd);
	close(attach->stop_fd);
	free(attach);
}
