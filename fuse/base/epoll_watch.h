/* SPDX-License-Identifier: MIT */
/* What the attach thread waits for with epoll. */
#ifndef EPOLL_WATCH_H
#define EPOLL_WATCH_H

#include <errno.h>
#include <sys/epoll.h>

struct attach_server;

/* The first member of each struct that owns a descriptor in the epoll set. */
struct epoll_watch {
	void (*ready)(struct attach_server *server, struct epoll_watch *watch);
};

static inline int epoll_watch_fd(int epoll_fd, int fd,
				 struct epoll_watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

#endif
