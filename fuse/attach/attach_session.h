/* SPDX-License-Identifier: MIT */
/*
 * Conversations with processes on the attach socket, as lib/proto.h has them.
 * Attach thread only. It never waits for a client.
 */
#ifndef ATTACH_SESSION_H
#define ATTACH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bsd/sys/queue.h>

#include "attach/ticket.h"
#include "windows/window_registry.h"

struct attach_session;

struct attach_sessions {
	int epoll_fd;
	bool must_guard;    /* windows without a guard are refused */
	size_t max_windows; /* more would take the descriptors others need */
	bool full;	    /* and there was one more */
	struct ticket_table tickets; /* locks by itself */
	struct window_registry windows;
	TAILQ_HEAD(, attach_session)
	list; /* the one that waits longest is first */
};

void attach_sessions_init(struct attach_sessions *sessions, int epoll_fd,
			  bool must_guard);
void attach_sessions_free(struct attach_sessions *sessions);

/* Somebody has connected; fd is the conversation's from now on. */
void attach_session_new(struct attach_sessions *sessions, int fd);

/* A change is done with a window: who waits for that is answered. */
void attach_sessions_wake(struct attach_sessions *sessions);
/* Hangs up on who is too slow; returns when the next one will be. */
uint64_t attach_sessions_keep_time(struct attach_sessions *sessions,
				   uint64_t now);

#endif
