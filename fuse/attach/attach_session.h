/* SPDX-License-Identifier: MIT */
/*
 * The conversations with processes on the attach socket; lib/common/protocol.h
 * describes them. Only the attach thread calls this, and it never waits for a
 * client.
 */
#ifndef ATTACH_SESSION_H
#define ATTACH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bsd/sys/queue.h>

#include "attach/ticket.h"
#include "base/epoll_watch.h"
#include "windows/window_registry.h"

struct attach_session;
struct ucred;

/* By deadline, the next one first. */
TAILQ_HEAD(session_list, attach_session);

struct attach_sessions {
	int epoll_fd;
	/* Called when something can be read from a client. */
	void (*ready)(struct attach_server *server, struct epoll_watch *watch);
	bool must_guard;    /* refuse windows that are not guarded */
	size_t max_windows; /* leaves descriptors for other uses */
	bool full;	    /* a window was refused, and that was logged */
	struct ticket_table tickets; /* has its own lock */
	struct window_registry windows;
	struct session_list list;
	/* Those that have not sent anything: few, client_limits.h. */
	struct session_list silent;
	uint64_t n_silent, max_silent, max_silent_per_user;
};

void attach_sessions_init(struct attach_sessions *sessions, int epoll_fd,
			  bool must_guard);
void attach_sessions_free(struct attach_sessions *sessions);

/* Begins a conversation with a client that has connected. Takes over fd. */
void attach_session_new(struct attach_sessions *sessions, int fd,
			const struct ucred *peer);

/*
 * Out of descriptors: hangs up on a client that has not sent anything. False:
 * there is none.
 */
bool attach_sessions_make_room(struct attach_sessions *sessions);
/* Whether there are any conversations. */
bool attach_sessions_any(const struct attach_sessions *sessions);

/* Answers the clients that waited for a change to finish with a window. */
void attach_sessions_wake(struct attach_sessions *sessions);
/*
 * Hangs up on clients that are too slow, and does what is due on windows.
 * Returns when something is due next (UINT64_MAX: never); monotonic, in ms.
 */
uint64_t attach_sessions_keep_time(struct attach_sessions *sessions,
				   uint64_t now);

#endif
