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

struct client;

struct clients {
	int epoll_fd;
	bool must_guard;    /* windows without a guard are refused */
	size_t max_windows; /* more would take the descriptors others need */
	bool full;	    /* and there was one more */
	struct ticket_table tickets; /* locks by itself */
	struct windows windows;
	TAILQ_HEAD(, client) list; /* the one that waits longest is first */
};

void clients_init(struct clients *clients, int epoll_fd, bool must_guard);
void clients_free(struct clients *clients);

/* Somebody has connected; fd is the conversation's from now on. */
void client_new(struct clients *clients, int fd);

/* A change is done with a window: who waits for that is answered. */
void clients_wake(struct clients *clients);
/* Hangs up on who is too slow; returns when the next one will be. */
uint64_t clients_keep_time(struct clients *clients, uint64_t now);

#endif
