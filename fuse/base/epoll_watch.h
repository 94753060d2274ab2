/* SPDX-License-Identifier: MIT */
/* A descriptor that the attach thread watches with epoll. */
#ifndef EPOLL_WATCH_H
#define EPOLL_WATCH_H

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

struct attach_server;

/*
 * The first member of each struct that owns a descriptor in the epoll set.
 * ready() runs when the descriptor becomes readable.
 */
struct epoll_watch {
	void (*ready)(struct attach_server *server, struct epoll_watch *watch);
};

static inline int epoll_watch_fd(int epoll_fd, int fd,
				 struct epoll_watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/*
 * Before the descriptor is closed: close() alone would leave it in the set, and
 * the watch in use, for as long as anybody else refers to the open file, if
 * only to look at it in /proc/PID/fdinfo.
 */
static inline void epoll_unwatch_fd(int epoll_fd, int fd)
{
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

#endif
