/* SPDX-License-Identifier: MIT */
/*
 * How conversations begin, time out, and make room for others. Part of
 * attach_session.h.
 */
#include "attach/attach_session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "attach/packet.h"
#include "attach/session_internal.h"
#include "base/client_limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "common/fdpass.h"

/* A client that does not read its answer is hung up on at its deadline. */
void session_send_answer(int to, const struct answer *answer, int fd)
{
	int err = fdpass_send(to, answer, sizeof(*answer), fd, MSG_DONTWAIT);

	if (err)
		log_msg(LOG_DEBUG, "sending an answer on the attach socket: %s",
			strerror(-err));
}

void session_send_error(int to, int error)
{
	const struct answer answer = {.error = error};

	session_send_answer(to, &answer, -1);
}

/* The list that the session is in. */
static struct session_list *list_of(const struct attach_session *session)
{
	return session->silent ? &session->sessions->silent
			       : &session->sessions->list;
}

static void put_off(struct attach_session *session, uint64_t now)
{
	session->deadline = now + SESSION_MS;
	TAILQ_REMOVE(list_of(session), session, entry);
	TAILQ_INSERT_TAIL(list_of(session), session, entry);
}

void session_has_spoken(struct attach_session *session)
{
	if (!session->silent)
		return;
	TAILQ_REMOVE(list_of(session), session, entry);
	session->silent = false;
	session->sessions->n_silent--;
	session->deadline = now_ms() + SESSION_MS;
	TAILQ_INSERT_TAIL(list_of(session), session, entry);
}

void session_drop(struct attach_session *session)
{
	TAILQ_REMOVE(list_of(session), session, entry);
	session->sessions->n_silent -= session->silent;
	if (session->window)
		window_registry_end(&session->sessions->windows,
				    session->window);
	epoll_unwatch_fd(session->sessions->epoll_fd, session->fd);
	packet_hang_up(session->fd, session->peer.uid);
	free(session);
}

bool session_has_sent(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static uint64_t count_silent(const struct attach_sessions *sessions, uid_t uid)
{
	const struct attach_session *session;
	uint64_t n = 0;

	TAILQ_FOREACH (session, &sessions->silent, entry)
		n += session->peer.uid == uid;
	return n;
}

/* Has the client connect anew: it has not said anything yet. */
static void turn_away(int fd, uid_t uid)
{
	session_send_error(fd, -ANSWER_TURNED_AWAY);
	packet_hang_up(fd, uid);
}

bool attach_sessions_make_room(struct attach_sessions *sessions)
{
	struct attach_session *session = TAILQ_FIRST(&sessions->silent);

	if (!session)
		return false;
	if (session_has_sent(session->fd)) {
		session->watch.ready(NULL, &session->watch);
	} else {
		session_send_error(session->fd, -ANSWER_TURNED_AWAY);
		session_drop(session);
	}
	return true;
}

bool attach_sessions_any(const struct attach_sessions *sessions)
{
	return !TAILQ_EMPTY(&sessions->list) || !TAILQ_EMPTY(&sessions->silent);
}

static bool is_too_much(const struct attach_sessions *sessions, int fd,
			uid_t uid)
{
	return sessions->n_silent >= sessions->max_silent_per_user &&
	       count_silent(sessions, uid) >= sessions->max_silent_per_user &&
	       !session_has_sent(fd);
}

static void begin_session(struct attach_session *session)
{
	struct attach_sessions *sessions = session->sessions;

	session->watch.ready = sessions->ready;
	session->deadline = now_ms() + SESSION_MS;
	session->silent = true;
	sessions->n_silent++;
	TAILQ_INSERT_TAIL(&sessions->silent, session, entry);
	/* The client has often sent its first message by now. */
	session->watch.ready(NULL, &session->watch);
	if (sessions->n_silent > sessions->max_silent)
		attach_sessions_make_room(sessions);
}

void attach_session_new(struct attach_sessions *sessions, int fd,
			const struct ucred *peer)
{
	struct attach_session *session;

	if (is_too_much(sessions, fd, peer->uid)) {
		turn_away(fd, peer->uid);
		return;
	}
	session = calloc(1, sizeof(*session));
	if (session) {
		session->sessions = sessions;
		session->fd = fd;
		session->peer = *peer;
		if (!epoll_watch_fd(sessions->epoll_fd, fd, &session->watch)) {
			begin_session(session);
			return;
		}
	}
	free(session);
	session_send_error(fd, -ENOMEM);
	packet_hang_up(fd, peer->uid);
}

static void log_silent(const struct attach_session *session)
{
	static struct log_limit limit;

	log_limited(&limit, LOG_NOTICE,
		    "pid %d of uid %u sent nothing for %d s while attaching or "
		    "detaching: hanging up",
		    session->peer.pid, session->peer.uid, SESSION_MS / 1000);
}

/* Returns when something is due next for this list. */
static uint64_t keep_time(struct session_list *list, uint64_t now)
{
	struct attach_session *session, *next;

	TAILQ_FOREACH_SAFE (session, list, entry, next) {
		if (session->deadline > now)
			return session->deadline;
		if (session->waits) { /* the client waits for the daemon */
			put_off(session, now);
			continue;
		}
		if (session_has_sent(
			    session->fd)) { /* the daemon was slow to read */
			put_off(session, now);
			session->watch.ready(NULL, &session->watch);
			return now; /* that may have freed "next" */
		}
		log_silent(session);
		session_drop(session);
	}
	return UINT64_MAX;
}

uint64_t attach_sessions_keep_time(struct attach_sessions *sessions,
				   uint64_t now)
{
	const uint64_t due[] = {
		window_registry_keep_time(&sessions->windows, now),
		keep_time(&sessions->list, now),
		keep_time(&sessions->silent, now),
	};
	uint64_t next = due[0];

	for (size_t i = 1; i < sizeof(due) / sizeof(due[0]); i++)
		next = due[i] < next ? due[i] : next;
	return next;
}
