/* SPDX-License-Identifier: MIT */
/* What attach_session.c and session_life.c share. */
#ifndef SESSION_INTERNAL_H
#define SESSION_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <bsd/sys/queue.h>

#include "base/epoll_watch.h"
#include "common/protocol.h"

struct attach_sessions;
struct window;

/* A conversation in progress. */
struct attach_session {
	struct epoll_watch watch;
	struct attach_sessions *sessions;
	TAILQ_ENTRY(attach_session) entry;
	uint64_t deadline;
	bool silent; /* it has not sent anything yet */
	int fd;
	struct ucred peer;
	struct window *window; /* it is coming or leaving; or NULL */
	bool waits;	       /* for the answer that the window may leave */
};

/* session_life.c: */

/* Sends an answer, with fd if it is not -1. */
void session_send_answer(int to, const struct answer *answer, int fd);
void session_send_error(int to, int error);
/* The client has sent something: it is one of those that are served. */
void session_has_spoken(struct attach_session *session);
/* Whether a message, or the end, is waiting to be read. */
bool session_has_sent(int fd);
/* Hangs up; the window that is coming or leaving is gone. */
void session_drop(struct attach_session *session);

#endif
