/* SPDX-License-Identifier: MIT */
/* What the attach thread's epoll watches; first member of whatever owns it. */
#ifndef WATCH_H
#define WATCH_H

#include <errno.h>
#include <sys/epoll.h>

struct attach;

struct watch {
	void (*ready)(struct attach *attach, struct watch *watch);
};

static inline int watch_fd(int epoll_fd, int fd, struct watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

#endif
