/* SPDX-License-Identifier: MIT */
#include "attach/attach_session.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/handed_uffd.h"
#include "attach/packet.h"
#include "attach/session_internal.h"
#include "base/client_limits.h"
#include "base/clock.h"
#include "base/closer.h"
#include "base/counters.h"
#include "base/epoll_watch.h"
#include "base/errand.h"
#include "base/log.h"
#include "base/window_limit.h"
#include "change/fault_answer.h"
#include "common/fdpass.h"
#include "region/region_life.h"
#include "windows/window.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Something can be read from the client. May free the session. */
static void session_ready(struct attach_server *attach,
			  struct epoll_watch *watch);

/* Returned by handlers: the conversation is over. */
#define DONE 1

static void set_limits(struct attach_sessions *sessions)
{
	struct rlimit limit;
	uint64_t fds = UINT32_MAX;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < fds)
		fds = limit.rlim_cur;
	sessions->max_windows = window_limit(fds);
	sessions->max_silent = silent_sessions(fds);
	sessions->max_silent_per_user = silent_sessions_per_user(fds);
}

static void drop_region(void *region)
{
	region_put(region);
}

void attach_sessions_init(struct attach_sessions *sessions, int epoll_fd,
			  bool must_guard)
{
	sessions->epoll_fd = epoll_fd;
	sessions->ready = session_ready;
	sessions->must_guard = must_guard;
	set_limits(sessions);
	sessions->full = false;
	ticket_table_init(&sessions->tickets, drop_region);
	window_registry_init(&sessions->windows, epoll_fd);
	TAILQ_INIT(&sessions->list);
	TAILQ_INIT(&sessions->silent);
	sessions->n_silent = 0;
}

void attach_sessions_free(struct attach_sessions *sessions)
{
	struct attach_session *session, *next;

	TAILQ_FOREACH_SAFE (session, &sessions->list, entry, next)
		session_drop(session);
	TAILQ_FOREACH_SAFE (session, &sessions->silent, entry, next)
		session_drop(session);
	window_registry_free(&sessions->windows);
	ticket_table_free(&sessions->tickets);
}

/* Returns a file that holds the steps, or -errno. */
static int write_steps(const struct protection_steps *steps)
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

/*
 * Sends the key of the window that is coming, the backing file, and the steps
 * that the client has to do to the window.
 */
static int answer_window(struct attach_session *session,
			 const struct protection_steps *steps, int file)
{
	struct answer answer = {
		.n = (uint32_t)steps->n,
		.flags = session->sessions->must_guard ? ANSWER_MUST_GUARD : 0,
	};
	int steps_fd = steps->n ? write_steps(steps) : -1;

	/*
	 * Not for a region that ends when its owner closes it: there the
	 * library must not keep the file open.
	 */
	if (!atomic_load(&session->window->region->owned) &&
	    atomic_load(&session->window->region->owner) == session->peer.pid)
		answer.flags |= ANSWER_KEEP_FILE;
	if (steps->n && steps_fd < 0)
		return steps_fd;
	memcpy(answer.key, session->window->key, sizeof(answer.key));
	session_send_answer(session->fd, &answer, file);
	if (steps->n) {
		session_send_answer(session->fd, &answer, steps_fd);
		close(steps_fd);
	}
	return 0;
}

/*
 * 0 and *uffd (-1 if none was sent, or none that the daemon may have); -EAGAIN;
 * or an error that ends the conversation.
 */
static int receive_hello(const struct attach_session *session,
			 struct hello *hello, int *uffd)
{
	const uid_t uid = session->peer.uid;
	int err = packet_receive(session->fd, uid, hello, sizeof(*hello), uffd);

	if (!err && hello->flags & ~(HELLO_UNGUARDED | HELLO_WANTS_FILE))
		err = -EPROTO;
	if (!err && *uffd >= 0 && !handed_uffd_is_one(*uffd))
		err = -EINVAL;
	if (*uffd >= 0 && (err || !handed_uffd_is_allowed(&session->peer))) {
		closer_close(*uffd, uid);
		*uffd = -1;
	}
	return err;
}

static int peer_pidfd(const struct attach_session *session)
{
	socklen_t size = sizeof(int);
	int fd = -1;

	if (!getsockopt(session->fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &size))
		return fd;
	if (errno != ENOPROTOOPT)
		return -errno;
	fd = (int)syscall(SYS_pidfd_open, session->peer.pid, 0);
	return fd < 0 ? -errno : fd;
}

/* Logs only the first of a series of refusals. */
static void log_full(struct attach_session *session)
{
	if (!session->sessions->full)
		log_msg(LOG_ERR,
			"out of file descriptors at %zu windows: pid %d is "
			"refused a window; raise the daemon's limit (ulimit "
			"-n)",
			session->sessions->windows.n, session->peer.pid);
	session->sessions->full = true;
}

/* Adds a window of the client's process, in state WINDOW_COMING. */
static int add_window(struct attach_session *session, struct window *like,
		      struct protection_steps *steps)
{
	struct window_registry *windows = &session->sessions->windows;
	int err, pidfd;

	if (windows->n >= session->sessions->max_windows)
		return -EMFILE;
	pidfd = peer_pidfd(session);
	if (pidfd < 0)
		return pidfd;
	like->pid = session->peer.pid;
	like->uid = session->peer.uid;
	like->holder = &session->window;
	err = window_registry_add(windows, like, pidfd, &session->window,
				  steps);
	if (err)
		close(pidfd);
	else
		session->sessions->full = false;
	return err;
}

/*
 * Adds a window and answers the client. file: -1 if the client has it already.
 * Takes over the reference like->region and, with 0, *uffd.
 */
static int begin_window(struct attach_session *session, struct window *like,
			int file, int *uffd)
{
	struct protection_steps steps = {0};
	int err = add_window(session, like, &steps);

	if (!err) {
		*uffd = -1; /* the window has taken over uffd and the region */
		err = answer_window(session, &steps, file);
	} else {
		region_put(like->region);
	}
	protection_steps_free(&steps);
	return err;
}

static int refuse_unguarded(const struct attach_session *session)
{

	log_each(LOG_NOTICE,
		 "pid %d is refused a window: userfaultfd is refused to it "
		 "(seccomp?), so the window's holes cannot be guarded, and the "
		 "mount has require=guard",
		 session->peer.pid);
	return -EPERM;
}

static int redeem(struct attach_session *session, const struct hello *hello,
		  int *uffd)
{
	struct window like = {.uffd = *uffd};
	struct ticket ticket;
	int file, err;

	if (session->sessions->must_guard && hello->flags & HELLO_UNGUARDED)
		return refuse_unguarded(session);
	err = ticket_redeem(&session->sessions->tickets, now_ms(),
			    session->peer.uid, hello->key, &ticket);
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
	err = begin_window(session, &like, file, uffd);
	close(file);
	return err;
}

/* HELLO_FORKED: adds the child's copy of a window of its parent. */
static int adopt(struct attach_session *session, const struct hello *hello,
		 int *uffd)
{
	const struct window *parents =
		window_registry_find(&session->sessions->windows, hello->key);
	struct window like = {.uffd = *uffd};
	int err, file = -1;

	if (!parents)
		return -ENOENT;
	if (hello->flags & HELLO_WANTS_FILE) {
		file = region_lend(parents->region, parents->kind);
		if (file < 0)
			return file;
	}
	like.region = region_get(parents->region);
	like.kind = parents->kind;
	like.prot = parents->prot;
	err = begin_window(session, &like, file, uffd);
	if (file >= 0)
		close(file);
	return err;
}

/*
 * The client sent MAPPED for this window earlier, on another connection that
 * the daemon has not read yet: reads it now.
 */
static void hear_mapped(struct window *w)
{
	struct attach_session *other =
		(struct attach_session *)((char *)w->holder -
					  offsetof(struct attach_session,
						   window));

	session_ready(NULL, &other->watch);
}

/*
 * Tells the client that its window may go, if no change is using it; else the
 * client waits. The window may be gone already.
 */
static void let_go(struct attach_session *session)
{
	const struct answer yes = {0};

	session->waits = session->window && !window_leave(session->window);
	if (!session->waits)
		session_send_answer(session->fd, &yes, -1);
}

static int leave(struct attach_session *session, const struct hello *hello)
{
	struct window *w =
		window_registry_find(&session->sessions->windows, hello->key);

	if (w && w->holder && w->state == WINDOW_COMING) {
		hear_mapped(w);
		w = window_registry_find(&session->sessions->windows,
					 hello->key);
	}
	if (!w || w->pidfd < 0)
		return -ENOENT;
	if (w->holder || w->pid != session->peer.pid)
		return -EBUSY;
	w->holder = &session->window;
	session->window = w;
	let_go(session);
	return 0;
}

static int look(struct attach_session *session, const struct hello *hello)
{
	struct window *w =
		window_registry_find(&session->sessions->windows, hello->key);
	struct answer answer = {.n = FAULT_HOLE};

	if (!w)
		return -ENOENT;
	answer.n = region_fault_answer(w->region, hello->base);
	session_send_answer(session->fd, &answer, -1);
	return DONE;
}

static void log_unguarded(const struct window *w)
{

	if (!w->guarded)
		log_each(LOG_NOTICE,
			 "region %llu: the window of pid %d is not guarded: "
			 "userfaultfd is refused to it (seccomp?), so holes do "
			 "not fault and protection does not hold in it",
			 (unsigned long long)w->region->id, w->pid);
	else if (w->uffd < 0 && w->kind == WINDOW_SHARED)
		log_each(LOG_NOTICE,
			 "region %llu: the window of pid %d is out of the "
			 "daemon's reach, as the process is another user's or "
			 "has privileges that the daemon lacks: "
			 "later changes of protection do not hold in it",
			 (unsigned long long)w->region->id, w->pid);
}

/* HELLO_MAPPED and HELLO_STAYS: changes reach the window from now on. */
static int settle(struct attach_session *session, const struct hello *hello)
{
	struct window *w = session->window;

	if (session->sessions->must_guard && hello->flags & HELLO_UNGUARDED)
		return refuse_unguarded(session);
	w->holder = NULL;
	session->window = NULL;
	if (w->state == WINDOW_COMING) {
		w->base = hello->base;
		w->guarded = !(hello->flags & HELLO_UNGUARDED);
		log_unguarded(w);
	}
	window_arrive(w);
	return DONE;
}

/* 0: the client will send more; DONE; or -errno, which is sent to it. */
static int hear(struct attach_session *session, const struct hello *hello,
		int *uffd)
{
	if (session->window)
		return hello->op == (session->window->state == WINDOW_COMING
					     ? HELLO_MAPPED
					     : HELLO_STAYS)
			       ? settle(session, hello)
			       : -EPROTO;
	switch (hello->op) {
	case HELLO_ATTACH:
		return redeem(session, hello, uffd);
	case HELLO_FORKED:
		return adopt(session, hello, uffd);
	case HELLO_LEAVING:
		return leave(session, hello);
	case HELLO_FAULT_QUERY:
		return look(session, hello);
	default:
		return -EPROTO;
	}
}

/*
 * Clients whose windows go may have hung up, which the daemon has not heard
 * yet: hears them now. Whether there were any.
 */
static bool hear_leaving(struct attach_sessions *sessions)
{
	struct attach_session *session, *next;
	bool any = false;

	TAILQ_FOREACH_SAFE (session, &sessions->list, entry, next)
		if (session->window &&
		    session->window->state == WINDOW_LEAVING &&
		    session_has_sent(session->fd)) {
			session_ready(NULL, &session->watch);
			any = true;
		}
	return any;
}

static void session_ready(struct attach_server *attach,
			  struct epoll_watch *watch)
{
	struct attach_session *session = (struct attach_session *)watch;
	/* Only a session without a window may end others than itself. */
	const bool had_window = session->window;
	struct hello hello = {0};
	int uffd, err = receive_hello(session, &hello, &uffd);

	(void)attach;
	if (err == -EAGAIN)
		return;
	session_has_spoken(session);
	if (!err)
		err = hear(session, &hello, &uffd);
	closer_close(uffd, session->peer.uid);
	if (!err)
		return;
	if (err == -EMFILE && !had_window &&
	    (hear_leaving(session->sessions) || closer_is_at_work()))
		err = -ANSWER_TURNED_AWAY;
	if (err < 0 && err != -ECONNRESET) {
		if (err == -EMFILE)
			log_full(session);
		if (err != -ANSWER_TURNED_AWAY &&
		    (hello.op == HELLO_ATTACH || hello.op == HELLO_FORKED))
			counters.refused++;
		log_msg(LOG_DEBUG,
			"pid %d: request on the attach socket refused: %s",
			session->peer.pid, strerror(-err));
		session_send_error(session->fd, err);
	}
	session_drop(session);
}

/*
 * A change has waited for long enough. Nothing more can be sent to the daemon
 * then, so that what has been sent decides: the window is there, or it is not,
 * and the client learns of it.
 */
static void hang_up(struct attach_session *session)
{
	shutdown(session->fd, SHUT_RD);
	session_ready(NULL, &session->watch);
}

void attach_sessions_wake(struct attach_sessions *sessions)
{
	struct attach_session *session, *next;

	errands_reap(window_late);
	window_registry_reap(&sessions->windows);
	TAILQ_FOREACH_SAFE (session, &sessions->list, entry, next)
		if (session->waits)
			let_go(session);
		else if (session->window && window_is_cut(session->window))
			hang_up(session);
}
