/* SPDX-License-Identifier: MIT */
/* What the attach thread watches, and its clock. */
#ifndef EPOLL_WATCH_H
#define EPOLL_WATCH_H

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

struct attach;

/* The first member of whatever owns what epoll watches. */
struct watch {
	void (*ready)(struct attach *attach, struct watch *watch);
};

static inline int watch_fd(int epoll_fd, int fd, struct watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Monotonic. */
static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

#endif
