/* SPDX-License-Identifier: MIT */
#include "attach/attach_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "change/mapping_change.h"
#include "windows/window_sync.h"
#include "base/counters.h"
#include "common/fdpass.h"
#include "base/log.h"
#include "base/epoll_watch.h"
#include "windows/window_limit.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* A client that says nothing for so long is hung up on. */
#define CLIENT_MS 5000

/* A conversation under way. */
struct client {
	struct watch watch;
	struct clients *clients;
	TAILQ_ENTRY(client) entry;
	uint64_t deadline;
	int fd;
	struct ucred peer;
	struct window *window; /* it is coming or leaving */
	bool waits;	       /* to hear that it may leave */
};

/* Of a conversation: all is said. */
#define DONE 1

static size_t max_windows(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return window_limit(limit.rlim_cur);
}

static void drop_region(void *region)
{
	region_put(region);
}

void clients_init(struct clients *clients, int epoll_fd, bool must_guard)
{
	clients->epoll_fd = epoll_fd;
	clients->must_guard = must_guard;
	clients->max_windows = max_windows();
	clients->full = false;
	ticket_table_init(&clients->tickets, drop_region);
	windows_init(&clients->windows, epoll_fd);
	TAILQ_INIT(&clients->list);
}

static void client_drop(struct client *client)
{
	TAILQ_REMOVE(&client->clients->list, client, entry);
	if (client->window)
		window_end(&client->clients->windows, client->window);
	close(client->fd);
	free(client);
}

void clients_free(struct clients *clients)
{
	struct client *client, *next;

	TAILQ_FOREACH_SAFE(client, &clients->list, entry, next)
	client_drop(client);
	windows_free(&clients->windows);
	ticket_table_free(&clients->tickets);
}

/* What is said to them */

/* A client that does not take it is hung up on by its deadline. */
static void send_answer(int to, const struct answer *answer, int fd)
{
	int err = fdpass_send(to, answer, sizeof(*answer), fd, MSG_DONTWAIT);

	if (err)
		log_msg(LOG_DEBUG, "answering a client: %s", strerror(-err));
}

static void send_error(int to, int error)
{
	const struct answer answer = {.error = error};

	send_answer(to, &answer, -1);
}

/* A file with the steps in it, or -errno. */
static int write_steps(const struct steps *steps)
{
	const char *at = (const char *)steps->v;
	size_t left = steps->n * sizeof(*steps->v);
	int fd = memfd_create("msharefs-steps", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (left) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = n < 0 ? -errno : -EIO;

			close(fd);
			return err;
		}
		at += n;
		left -= (size_t)n;
	}
	return fd;
}

/* The window that is coming, its file, and what has to be done to it. */
static int answer_window(struct client *client, const struct steps *steps,
			 int file)
{
	struct answer answer = {
		.n = (uint32_t)steps->n,
		.flags = client->clients->must_guard ? ANSWER_MUST_GUARD : 0,
	};
	int steps_fd = steps->n ? write_steps(steps) : -1;

	/* Not where the program's closing it is what matters. */
	if (!atomic_load(&client->window->region->owned) &&
	    atomic_load(&client->window->region->owner) == client->peer.pid)
		answer.flags |= ANSWER_KEEP_FILE;
	if (steps->n && steps_fd < 0)
		return steps_fd;
	memcpy(answer.key, client->window->key, sizeof(answer.key));
	send_answer(client->fd, &answer, file);
	if (steps->n) {
		send_answer(client->fd, &answer, steps_fd);
		close(steps_fd);
	}
	return 0;
}

/* What they send */

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

/*
 * No call here asks anybody's daemon: files that are the kernel's own are told
 * by their mode, and only those are asked whether they are userfaultfds (/proc
 * would say it for sure, and takes a tenth of the time of an attach). Whoever
 * fools us has got a window that cannot be changed later: his own.
 */
static bool is_uffd(int fd)
{
	struct uffdio_range nothing = {0};
	struct statx stx;

	return !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
		      &stx) &&
	       !(stx.stx_mode & S_IFMT) && ioctl(fd, UFFDIO_WAKE, &nothing) &&
	       errno == EINVAL;
}

/* Power over a process is taken only from whom we could have it anyway. */
static int check_uffd(const struct client *client, int fd)
{
	if (fd >= 0 && !is_uffd(fd)) {
		close_stranger(fd);
		return -EINVAL;
	}
	if (fd >= 0 && geteuid() != 0 && geteuid() != client->peer.uid) {
		close_stranger(fd);
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

/* Once, and not for each of those that will follow. */
static void log_full(struct client *client)
{
	if (!client->clients->full)
		log_msg(LOG_ERR,
			"out of descriptors, with %zu windows: pid %d is "
			"refused; raise the limit (ulimit -n) of the daemon",
			client->clients->windows.n, client->peer.pid);
	client->clients->full = true;
}

/* A window of the process at the other end: it is coming from now on. */
static int add_window(struct client *client, struct window *like,
		      struct steps *steps)
{
	struct windows *windows = &client->clients->windows;
	int err, pidfd;

	if (windows->n >= client->clients->max_windows)
		return -EMFILE;
	pidfd = peer_pidfd(client);
	if (pidfd < 0)
		return pidfd;
	like->pid = client->peer.pid;
	like->uid = client->peer.uid;
	like->holder = &client->window;
	err = window_add(windows, like, pidfd, &client->window, steps);
	if (err)
		close(pidfd);
	else
		client->clients->full = false;
	return err;
}

/* From its answer on the window is known. file: -1 if it has that already. */
static int begin_window(struct client *client, struct window *like, int file,
			int *uffd)
{
	struct steps steps = {0};
	int err = add_window(client, like, &steps);

	if (!err) {
		*uffd = -1; /* the window's now, and so is the region */
		err = answer_window(client, &steps, file);
	} else {
		region_put(like->region);
	}
	steps_free(&steps);
	return err;
}

static int refuse_unguarded(const struct client *client)
{
	log_msg(LOG_NOTICE,
		"pid %d is refused a window: it cannot be guarded, as "
		"userfaultfd is refused to it (seccomp?), and the mount has "
		"require=guard",
		client->peer.pid);
	return -EPERM;
}

static int redeem(struct client *client, const struct hello *hello, int *uffd)
{
	struct window like = {.uffd = *uffd};
	struct ticket ticket;
	int file, err;

	if (client->clients->must_guard && hello->flags & HELLO_UNGUARDED)
		return refuse_unguarded(client);
	err = ticket_redeem(&client->clients->tickets, now_ms(),
			    client->peer.uid, hello->key, &ticket);
	if (err)
		return err;
	like.region = ticket.region;
	like.kind = ticket.kind;
	like.prot = ticket.prot;
	file = region_lend(like.region, like.kind);
	if (file < 0) {
		region_put(like.region);
		return file;
	}
	err = begin_window(client, &like, file, uffd);
	close(file);
	return err;
}

/* The same window as its parent's, in a child after fork(). */
static int adopt(struct client *client, const struct hello *hello, int *uffd)
{
	const struct window *parents =
		window_find(&client->clients->windows, hello->key);
	struct window like = {.uffd = *uffd};

	if (!parents)
		return -ENOENT;
	like.region = region_get(parents->region);
	like.kind = parents->kind;
	like.prot = parents->prot;
	return begin_window(client, &like, -1, uffd);
}

static void client_ready(struct attach *attach, struct watch *watch);

/*
 * Its MAPPED was said before on another line, and that line may be read later.
 */
static void hear_mapped(struct window *w)
{
	struct client *other =
		(struct client *)((char *)w->holder -
				  offsetof(struct client, window));

	client_ready(NULL, &other->watch);
}

/* Says that its window may go, once no change is at it; it may have died. */
static void let_go(struct client *client)
{
	const struct answer yes = {0};

	client->waits = client->window && !control_leave(client->window);
	if (!client->waits)
		send_answer(client->fd, &yes, -1);
}

static int leave(struct client *client, const struct hello *hello)
{
	struct window *w = window_find(&client->clients->windows, hello->key);

	if (w && w->holder && w->state == WINDOW_COMING) {
		hear_mapped(w);
		w = window_find(&client->clients->windows, hello->key);
	}
	if (!w || w->pidfd < 0)
		return -ENOENT;
	if (w->holder || w->pid != client->peer.pid)
		return -EBUSY;
	w->holder = &client->window;
	client->window = w;
	let_go(client);
	return 0;
}

static int look(struct client *client, const struct hello *hello)
{
	struct window *w = window_find(&client->clients->windows, hello->key);
	struct answer answer = {.n = LOOK_HOLE};

	if (!w)
		return -ENOENT;
	answer.n = region_look(w->region, hello->base);
	send_answer(client->fd, &answer, -1);
	return DONE;
}

static void log_unguarded(const struct window *w)
{
	if (!w->guarded)
		log_msg(LOG_NOTICE,
			"region %llu: the window of pid %d is not guarded: "
			"userfaultfd is refused to it (seccomp?); its holes do "
			"not fault, protection does not hold in it",
			(unsigned long long)w->region->id, w->pid);
	else if (w->uffd < 0 && w->kind == WINDOW_SHARED)
		log_msg(LOG_NOTICE,
			"region %llu: the window of pid %d is out of our "
			"reach, as it is another user's: protection that is "
			"changed later does not hold in it",
			(unsigned long long)w->region->id, w->pid);
}

/* It has come to stay. */
static int settle(struct client *client, const struct hello *hello)
{
	struct window *w = client->window;

	if (client->clients->must_guard && hello->flags & HELLO_UNGUARDED)
		return refuse_unguarded(client);
	w->holder = NULL;
	client->window = NULL;
	if (w->state == WINDOW_COMING) {
		w->base = hello->base;
		w->guarded = !(hello->flags & HELLO_UNGUARDED);
		log_unguarded(w);
	}
	control_here(w);
	return DONE;
}

/* 0: there is more to come; DONE; or -errno, which the client is told. */
static int hear(struct client *client, const struct hello *hello, int *uffd)
{
	if (client->window)
		return hello->op == (client->window->state == WINDOW_COMING
					     ? HELLO_MAPPED
					     : HELLO_STAYS)
			       ? settle(client, hello)
			       : -EPROTO;
	switch (hello->op) {
	case HELLO_ATTACH:
		return redeem(client, hello, uffd);
	case HELLO_FORKED:
		return adopt(client, hello, uffd);
	case HELLO_LEAVING:
		return leave(client, hello);
	case HELLO_LOOK:
		return look(client, hello);
	default:
		return -EPROTO;
	}
}

static void client_ready(struct attach *attach, struct watch *watch)
{
	struct client *client = (struct client *)watch;
	struct hello hello = {0};
	int uffd, err = receive_hello(client->fd, &hello, &uffd);

	(void)attach;
	if (err == -EAGAIN)
		return;
	if (!err) {
		err = check_uffd(client, uffd);
		if (err)
			uffd = -1;
	}
	if (!err)
		err = hear(client, &hello, &uffd);
	if (uffd >= 0)
		close_stranger(uffd);
	if (!err)
		return;
	if (err < 0 && err != -ECONNRESET) {
		if (err == -EMFILE)
			log_full(client);
		if (hello.op == HELLO_ATTACH || hello.op == HELLO_FORKED)
			counts.refused++;
		log_msg(LOG_DEBUG, "pid %d is refused: %s", client->peer.pid,
			strerror(-err));
		send_error(client->fd, err);
	}
	client_drop(client);
}

void client_new(struct clients *clients, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	socklen_t size = sizeof(client->peer);

	if (!client)
		goto refuse;
	client->watch.ready = client_ready;
	client->clients = clients;
	client->fd = fd;
	client->deadline = now_ms() + CLIENT_MS;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->peer, &size) ||
	    watch_fd(clients->epoll_fd, fd, &client->watch))
		goto refuse;
	TAILQ_INSERT_TAIL(&clients->list, client, entry);
	client_ready(NULL, &client->watch); /* it often has spoken by now */
	return;
refuse:
	free(client);
	send_error(fd, -ENOMEM);
	close(fd);
}

void clients_wake(struct clients *clients)
{
	struct client *client;

	windows_reap(&clients->windows);
	TAILQ_FOREACH (client, &clients->list, entry)
		if (client->waits)
			let_go(client);
}

static void put_off(struct client *client, uint64_t now)
{
	client->deadline = now + CLIENT_MS;
	TAILQ_REMOVE(&client->clients->list, client, entry);
	TAILQ_INSERT_TAIL(&client->clients->list, client, entry);
}

static bool has_spoken(const struct client *client)
{
	struct pollfd p = {.fd = client->fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

uint64_t clients_keep_time(struct clients *clients, uint64_t now)
{
	struct client *client, *next;
	uint64_t due = windows_keep_time(&clients->windows, now);

	TAILQ_FOREACH_SAFE(client, &clients->list, entry, next)
	{
		if (client->deadline > now)
			return client->deadline < due ? client->deadline : due;
		if (client->waits) { /* for us */
			put_off(client, now);
			continue;
		}
		if (has_spoken(client)) { /* it was we who did not listen */
			put_off(client, now);
			client_ready(NULL, &client->watch);
			return now; /* that may have ended others, too */
		}
		log_msg(LOG_NOTICE,
			"pid %d fell silent while it attached or detached",
			client->peer.pid);
		client_drop(client);
	}
	return due;
}
