/* SPDX-License-Identifier: MIT */
#include "attach/attach_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attach/attach_session.h"
#include "attach/packet.h"
#include "base/client_limits.h"
#include "base/clock.h"
#include "base/closer.h"
#include "base/epoll_watch.h"
#include "base/log.h"
#include "windows/window.h"

/* How many connections are accepted before others are served again. */
#define ACCEPT_AT_ONCE 8

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

struct attach_server {
	struct epoll_watch listening;
	struct epoll_watch waking;
	int listen_fd;
	int wake_fd; /* window.c writes to it, and attach_server_close() */
	int epoll_fd;
	int reserve_fd; /* spare, for accept_in_need(); -1 while in use */
	bool need;	/* out of descriptors, and logged */
	bool wary;	/* see be_wary() */
	bool denied;	/* a client may wait that may not send descriptors */
	atomic_bool stop;
	bool started;
	pthread_t thread;
	struct attach_sessions sessions;
	char name[MSHARE_SOCKET_MAX];
};

int attach_server_ticket(struct attach_server *attach, uid_t uid,
			 struct region *region, uint32_t prot,
			 struct mshare_attach *answer)
{
	uint64_t now = now_ms();

	ticket_expire(&attach->sessions.tickets, now);
	memcpy(answer->socket, attach->name, sizeof(answer->socket));
	return ticket_issue(&attach->sessions.tickets, now, uid, region,
			    answer->kind, prot, answer->ticket);
}

static void keep_reserve(struct attach_server *attach)
{
	if (attach->reserve_fd < 0)
		attach->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * Accepts a client although the daemon is out of descriptors. Conversations
 * take moments, so if there are any, the client waits until one of them ends.
 * If there are none, windows hold all descriptors: then the reserve makes room
 * for one client at a time, which can give up a window but not make one.
 */
static int accept_in_need(struct attach_server *attach)
{
	struct pollfd waiting = {.fd = attach->listen_fd, .events = POLLIN};

	/* The kernel says so before it looks whether anybody is there. */
	if (poll(&waiting, 1, 0) <= 0)
		return -1;
	if (attach_sessions_make_room(&attach->sessions))
		return -1;
	if (attach_sessions_any(&attach->sessions) || attach->reserve_fd < 0) {
		usleep(1000);
		return -1;
	}
	if (!attach->need)
		log_msg(LOG_ERR,
			"out of file descriptors: new windows are refused; "
			"raise the daemon's limit (ulimit -n)");
	attach->need = true;
	close(attach->reserve_fd);
	attach->reserve_fd = -1;
	return accept4(attach->listen_fd, NULL, NULL,
		       SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/*
 * Clients cannot send descriptors over a connection until the daemon has seen
 * who they are. That delays them, so it is done only while descriptors are
 * stuck in the closer. Where the kernel has no such option (before Linux 6.16),
 * the closer's limits have to do.
 */
static void be_wary(struct attach_server *attach)
{
	const bool wary = closer_is_stuck();
	const int may_send = !wary;

	if (wary != attach->wary)
		setsockopt(attach->listen_fd, SOL_SOCKET, SO_PASSRIGHTS,
			   &may_send, sizeof(may_send));
	attach->wary = wary;
	attach->denied = attach->denied || wary;
}

/* Who connected while the daemon was wary may be accepted when it is not. */
static void let_send(struct attach_server *attach, int fd, uid_t uid)
{
	const int may_send = 1;

	if (attach->denied && closer_waiting(uid) < CLOSING_TOO_MANY)
		setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &may_send,
			   sizeof(may_send));
}

static bool accept_one(struct attach_server *attach)
{
	int fd = accept4(attach->listen_fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof(peer);

	if (fd >= 0)
		attach->need = false;
	else if (errno == EMFILE || errno == ENFILE)
		fd = accept_in_need(attach);
	else if (errno == EAGAIN) /* nobody waits */
		attach->denied = attach->wary;
	if (fd < 0)
		return false;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	be_wary(attach);
	let_send(attach, fd, peer.uid);
	attach_session_new(&attach->sessions, fd, &peer);
	return true;
}

/* Several at once: who has to be served may wait behind many others. */
static void someone_connects(struct attach_server *attach,
			     struct epoll_watch *watch)
{
	(void)watch;
	for (int i = 0; i < ACCEPT_AT_ONCE && accept_one(attach); i++)
		;
}

static void woken(struct attach_server *attach, struct epoll_watch *watch)
{
	eventfd_t n;

	(void)watch;
	if (!eventfd_read(attach->wake_fd, &n))
		attach_sessions_wake(&attach->sessions);
}

/* Does what is due. Returns the timeout for epoll_wait(). */
static int keep_time(struct attach_server *attach)
{
	uint64_t now = now_ms();
	uint64_t next = attach_sessions_keep_time(&attach->sessions, now);

	return next == UINT64_MAX ? -1 : (int)(next - now);
}

static void *serve(void *arg)
{
	struct attach_server *attach = arg;

	while (!atomic_load(&attach->stop)) {
		/*
		 * One event at a time: handling one may free the object that
		 * another one of the same batch refers to.
		 */
		struct epoll_event event;
		int n;

		keep_reserve(attach);
		n = epoll_wait(attach->epoll_fd, &event, 1, keep_time(attach));

		if (n == 1) {
			struct epoll_watch *watch = event.data.ptr;

			watch->ready(attach, watch);
		} else if (n < 0 && errno != EINTR) {
			log_msg(LOG_ERR,
				"waiting for clients on the attach socket: %s: "
				"no more windows can be made; restart the "
				"daemon",
				strerror(errno));
			break;
		}
	}
	return NULL;
}

static int listen_somewhere(struct attach_server *attach)
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
	/* Abstract: needs no clean-up, works from all mount namespaces. */
	memcpy(addr.sun_path + 1, attach->name, strlen(attach->name));
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     strlen(attach->name));
	attach->listen_fd = socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (attach->listen_fd < 0 ||
	    bind(attach->listen_fd, (struct sockaddr *)&addr, length) ||
	    listen(attach->listen_fd, SOMAXCONN))
		return -errno;
	return packet_prepare(attach->listen_fd);
}

int attach_server_open(struct attach_server **out, bool must_guard)
{
	struct attach_server *attach = calloc(1, sizeof(*attach));
	int err;

	if (!attach)
		return -ENOMEM;
	attach->listening.ready = someone_connects;
	attach->waking.ready = woken;
	attach->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	attach->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	attach_sessions_init(&attach->sessions, attach->epoll_fd, must_guard);
	window_set_wake_fd(attach->wake_fd);
	attach->reserve_fd = -1;
	keep_reserve(attach);
	err = listen_somewhere(attach);
	if (!err)
		err = epoll_watch_fd(attach->epoll_fd, attach->listen_fd,
				     &attach->listening);
	if (!err)
		err = epoll_watch_fd(attach->epoll_fd, attach->wake_fd,
				     &attach->waking);
	if (err) {
		attach_server_close(attach);
		return err;
	}
	*out = attach;
	return 0;
}

int attach_server_start(struct attach_server *attach)
{
	sigset_t all, old;
	int err;

	/* Anew, so that clients see the pid of the process that serves. */
	if (listen(attach->listen_fd, SOMAXCONN))
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(&attach->thread, NULL, serve, attach);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	attach->started = !err;
	return -err;
}

void attach_server_close(struct attach_server *attach)
{
	if (attach->started) {
		atomic_store(&attach->stop, true);
		eventfd_write(attach->wake_fd, 1);
		pthread_join(attach->thread, NULL);
	}
	attach_sessions_free(&attach->sessions);
	window_set_wake_fd(-1);
	/* Connections that nobody has accepted may hold anything. */
	closer_close(attach->listen_fd, geteuid());
	if (attach->reserve_fd >= 0)
		close(attach->reserve_fd);
	close(attach->epoll_fd);
	close(attach->wake_fd);
	free(attach);
}
