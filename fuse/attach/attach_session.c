/* SPDX-License-Identifier: MIT */
#include "attach/attach_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/epoll_watch.h"
#include "base/log.h"
#include "base/window_limit.h"
#include "change/fault_answer.h"
#include "common/fdpass.h"
#include "region/region_life.h"
#include "windows/window.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* The daemon hangs up on a client that is silent for so long. */
#define SESSION_MS 5000

/* A conversation in progress. */
struct attach_session {
	struct epoll_watch watch;
	struct attach_sessions *sessions;
	TAILQ_ENTRY(attach_session) entry;
	uint64_t deadline;
	int fd;
	struct ucred peer;
	struct window *window; /* it is coming or leaving; or NULL */
	bool waits;	       /* for the answer that the window may leave */
};

/* Returned by handlers: the conversation is over. */
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

void attach_sessions_init(struct attach_sessions *sessions, int epoll_fd,
			  bool must_guard)
{
	sessions->epoll_fd = epoll_fd;
	sessions->must_guard = must_guard;
	sessions->max_windows = max_windows();
	sessions->full = false;
	ticket_table_init(&sessions->tickets, drop_region);
	window_registry_init(&sessions->windows, epoll_fd);
	TAILQ_INIT(&sessions->list);
}

static void session_drop(struct attach_session *session)
{
	TAILQ_REMOVE(&session->sessions->list, session, entry);
	if (session->window)
		window_registry_end(&session->sessions->windows,
				    session->window);
	close(session->fd);
	free(session);
}

void attach_sessions_free(struct attach_sessions *sessions)
{
	struct attach_session *session, *next;

	TAILQ_FOREACH_SAFE (session, &sessions->list, entry, next)
		session_drop(session);
	window_registry_free(&sessions->windows);
	ticket_table_free(&sessions->tickets);
}

/* A client that does not read its answer is hung up on at its deadline. */
static void send_answer(int to, const struct answer *answer, int fd)
{
	int err = fdpass_send(to, answer, sizeof(*answer), fd, MSG_DONTWAIT);

	if (err)
		log_msg(LOG_DEBUG, "sending an answer on the attach socket: %s",
			strerror(-err));
}

static void send_error(int to, int error)
{
	const struct answer answer = {.error = error};

	send_answer(to, &answer, -1);
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
	send_answer(session->fd, &answer, file);
	if (steps->n) {
		send_answer(session->fd, &answer, steps_fd);
		close(steps_fd);
	}
	return 0;
}

static void *close_later(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

/*
 * Closes a descriptor that a client sent instead of a userfaultfd. It may be of
 * another FUSE filesystem, whose daemon can delay close() as long as it likes,
 * so another thread closes it.
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
 * No call here can reach another filesystem's daemon: the mode tells files of
 * the kernel's own, and only those get an ioctl. (/proc would be certain, but
 * takes a tenth of the time of an attach.) A client that passes off another
 * file as a userfaultfd only harms itself: later changes miss its window.
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

/*
 * A userfaultfd gives power over a process. An unprivileged daemon accepts it
 * only from processes of its own user.
 */
static int check_uffd(const struct attach_session *session, int fd)
{
	if (fd >= 0 && !is_uffd(fd)) {
		close_stranger(fd);
		return -EINVAL;
	}
	if (fd >= 0 && geteuid() != 0 && geteuid() != session->peer.uid) {
		close_stranger(fd);
		return -EPERM;
	}
	return 0;
}

/*
 * 0 and *fd (-1 if none was sent); -EAGAIN; or an error that ends the
 * conversation.
 */
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
	log_msg(LOG_NOTICE,
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

	if (!parents)
		return -ENOENT;
	like.region = region_get(parents->region);
	like.kind = parents->kind;
	like.prot = parents->prot;
	return begin_window(session, &like, -1, uffd);
}

static void session_ready(struct attach_server *attach,
			  struct epoll_watch *watch);

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
		send_answer(session->fd, &yes, -1);
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
	send_answer(session->fd, &answer, -1);
	return DONE;
}

static void log_unguarded(const struct window *w)
{
	if (!w->guarded)
		log_msg(LOG_NOTICE,
			"region %llu: the window of pid %d is not guarded: "
			"userfaultfd is refused to it (seccomp?), so holes do "
			"not fault and protection does not hold in it",
			(unsigned long long)w->region->id, w->pid);
	else if (w->uffd < 0 && w->kind == WINDOW_SHARED)
		log_msg(LOG_NOTICE,
			"region %llu: the window of pid %d is out of the "
			"daemon's reach, as the process is another user's: "
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

static void session_ready(struct attach_server *attach,
			  struct epoll_watch *watch)
{
	struct attach_session *session = (struct attach_session *)watch;
	struct hello hello = {0};
	int uffd, err = receive_hello(session->fd, &hello, &uffd);

	(void)attach;
	if (err == -EAGAIN)
		return;
	if (!err) {
		err = check_uffd(session, uffd);
		if (err)
			uffd = -1;
	}
	if (!err)
		err = hear(session, &hello, &uffd);
	if (uffd >= 0)
		close_stranger(uffd);
	if (!err)
		return;
	if (err < 0 && err != -ECONNRESET) {
		if (err == -EMFILE)
			log_full(session);
		if (hello.op == HELLO_ATTACH || hello.op == HELLO_FORKED)
			counters.refused++;
		log_msg(LOG_DEBUG,
			"pid %d: request on the attach socket refused: %s",
			session->peer.pid, strerror(-err));
		send_error(session->fd, err);
	}
	session_drop(session);
}

void attach_session_new(struct attach_sessions *sessions, int fd)
{
	struct attach_session *session = calloc(1, sizeof(*session));
	socklen_t size = sizeof(session->peer);

	if (!session)
		goto refuse;
	session->watch.ready = session_ready;
	session->sessions = sessions;
	session->fd = fd;
	session->deadline = now_ms() + SESSION_MS;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &session->peer, &size) ||
	    epoll_watch_fd(sessions->epoll_fd, fd, &session->watch))
		goto refuse;
	TAILQ_INSERT_TAIL(&sessions->list, session, entry);
	/* The client has often sent its first message by now. */
	session_ready(NULL, &session->watch);
	return;
refuse:
	free(session);
	send_error(fd, -ENOMEM);
	close(fd);
}

void attach_sessions_wake(struct attach_sessions *sessions)
{
	struct attach_session *session;

	window_registry_reap(&sessions->windows);
	TAILQ_FOREACH (session, &sessions->list, entry)
		if (session->waits)
			let_go(session);
}

static void put_off(struct attach_session *session, uint64_t now)
{
	session->deadline = now + SESSION_MS;
	TAILQ_REMOVE(&session->sessions->list, session, entry);
	TAILQ_INSERT_TAIL(&session->sessions->list, session, entry);
}

static bool has_spoken(const struct attach_session *session)
{
	struct pollfd p = {.fd = session->fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

uint64_t attach_sessions_keep_time(struct attach_sessions *sessions,
				   uint64_t now)
{
	struct attach_session *session, *next;
	uint64_t due = window_registry_keep_time(&sessions->windows, now);

	TAILQ_FOREACH_SAFE (session, &sessions->list, entry, next) {
		if (session->deadline > now)
			return session->deadline < due ? session->deadline
						       : due;
		if (session->waits) { /* the client waits for the daemon */
			put_off(session, now);
			continue;
		}
		if (has_spoken(session)) { /* the daemon was slow to read */
			put_off(session, now);
			session_ready(NULL, &session->watch);
			return now; /* that may have freed "next" */
		}
		log_msg(LOG_NOTICE,
			"pid %d sent nothing for %d s while attaching or "
			"detaching: hanging up",
			session->peer.pid, SESSION_MS / 1000);
		session_drop(session);
	}
	return due;
}
