/* SPDX-License-Identifier: MIT */
#include "attach/attach_server.h"

#include <errno.h>
#include <fcntl.h>
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
#include <sys/un.h>
#include <unistd.h>

#include "attach/attach_session.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/epoll_watch.h"
#include "windows/window.h"

struct attach_server {
	struct epoll_watch listening;
	struct epoll_watch waking;
	int listen_fd;
	int wake_fd; /* written to by window.c, and to stop */
	int epoll_fd;
	int reserve_fd; /* given up for one conversation when out of fds */
	bool need;	/* and that was said */
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
 * Out of descriptors. Conversations take moments, so one more waits for one of
 * them to end. If there are none, all is taken for longer: then there is one
 * at a time, in which a window can be said to go, but not be made.
 */
static int accept_in_need(struct attach_server *attach)
{
	if (!TAILQ_EMPTY(&attach->sessions.list) || attach->reserve_fd < 0) {
		usleep(1000);
		return -1;
	}
	if (!attach->need)
		log_msg(LOG_ERR,
			"out of descriptors: no windows can be made; raise the "
			"limit (ulimit -n) of the daemon");
	attach->need = true;
	close(attach->reserve_fd);
	attach->reserve_fd = -1;
	return accept4(attach->listen_fd, NULL, NULL,
		       SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void someone_connects(struct attach_server *attach,
			     struct epoll_watch *watch)
{
	int fd = accept4(attach->listen_fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)watch;
	if (fd >= 0)
		attach->need = false;
	else if (errno == EMFILE || errno == ENFILE)
		fd = accept_in_need(attach);
	if (fd >= 0)
		attach_session_new(&attach->sessions, fd);
}

static void woken(struct attach_server *attach, struct epoll_watch *watch)
{
	eventfd_t n;

	(void)watch;
	if (!eventfd_read(attach->wake_fd, &n))
		attach_sessions_wake(&attach->sessions);
}

/* Does what is due; for epoll_wait(): how long until the next. */
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
		 * One at a time: handling an event may free what another one
		 * of the same batch would have been about.
		 */
		struct epoll_event event;
		int n;

		keep_reserve(attach);
		n = epoll_wait(attach->epoll_fd, &event, 1, keep_time(attach));

		if (n == 1) {
			struct epoll_watch *watch = event.data.ptr;

			watch->ready(attach, watch);
		} else if (n < 0 && errno != EINTR) {
			log_msg(LOG_ERR, "attach socket: %s", strerror(errno));
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
	close(attach->listen_fd);
	if (attach->reserve_fd >= 0)
		close(attach->reserve_fd);
	close(attach->epoll_fd);
	close(attach->wake_fd);
	free(attach);
}
