/* SPDX-License-Identifier: MIT */
/* What attach_session.c and session_life.c share. */
#ifndef SESSION_INTERNAL_H
#define SESSION_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <bsd/sys/queue.h>

#include "attach/attach_session.h"
#include "base/epoll_watch.h"

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

/* Something can be read from the client. May free the session. */
void session_ready(struct attach_server *attach, struct epoll_watch *watch);
void session_send_error(int to, int error);

/* session_life.c: */

/* The client has sent something: it is one of those that are served. */
void session_has_spoken(struct attach_session *session);
/* Hangs up; the window that is coming or leaving is gone. */
void session_drop(struct attach_session *session);

#endif
