/* SPDX-License-Identifier: MIT */
#include "owner/owner.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bsd/sys/queue.h>

#include "change/mapping_change.h"
#include "base/log.h"
#include "owner/process.h"
#include "region/region.h"
#include "region/region_life.h"

/* How long the end waits for who looks at a process. */
#define MAX_WAIT_MS 5000

/* A process that has created regions. */
struct owner {
	LIST_ENTRY(owner) entry; /* lock, as all below */
	pid_t pid;
	int pidfd;		 /* becomes readable when it exits */
	struct region **regions; /* references */
	size_t n;
	size_t room;
};

struct owners {
	pthread_mutex_t lock;
	LIST_HEAD(, owner) list; /* lock */
	atomic_int busy;	 /* threads that look at a process */
	int epoll_fd;
	int stop_fd;
	bool started;
	pthread_t thread;
	dev_t device; /* constant while serving; of the mount, 0: not known */
};

/* It is on no list. */
static void owner_free(struct owner *owner)
{
	for (size_t i = 0; i < owner->n; i++)
		region_put(owner->regions[i]);
	free(owner->regions);
	close(owner->pidfd);
	free(owner);
}

/* Its regions, taken off it; a list that ends with NULL, or NULL. */
static struct region **take_regions(struct owner *owner)
{
	struct region **regions = owner->regions;

	if (owner->n)
		regions[owner->n] = NULL; /* there always is room for it */
	else
		free(regions);
	regions = owner->n ? regions : NULL;
	owner->regions = NULL;
	owner->n = owner->room = 0;
	return regions;
}

static void end_all(struct region **regions)
{
	for (struct region **r = regions; r && *r; r++) {
		region_end(*r);
		region_put(*r);
	}
	free(regions);
}

static void owner_exited(struct owners *owners, struct owner *owner)
{
	struct region **regions;

	pthread_mutex_lock(&owners->lock);
	LIST_REMOVE(owner, entry);
	regions = take_regions(owner);
	pthread_mutex_unlock(&owners->lock);
	log_msg(LOG_DEBUG, "pid %d has exited: its regions end", owner->pid);
	end_all(regions);
	owner_free(owner);
}

/*
 * A thread of its own: emptying a region waits for changes of it that are under
 * way.
 */
static void *serve(void *arg)
{
	struct owners *owners = arg;
	struct epoll_event event;

	for (;;) {
		int n = epoll_wait(owners->epoll_fd, &event, 1, -1);
		struct owner *owner = event.data.ptr;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_msg(LOG_ERR, "watching owners: %s",
				strerror(errno));
			break;
		}
		if (!owner)
			break; /* told to stop */
		owner_exited(owners, owner);
	}
	return NULL;
}

static int watch(struct owners *owners, int fd, struct owner *owner)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = owner};

	return epoll_ctl(owners->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno
								      : 0;
}

int owners_open(struct owners **out)
{
	struct owners *owners = calloc(1, sizeof(*owners));
	int err;

	if (!owners)
		return -ENOMEM;
	pthread_mutex_init(&owners->lock, NULL);
	LIST_INIT(&owners->list);
	owners->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	owners->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = watch(owners, owners->stop_fd, NULL);
	if (err) {
		owners_close(owners);
		return err;
	}
	*out = owners;
	return 0;
}

int owners_start(struct owners *owners, const char *mountpoint)
{
	sigset_t all, old;
	int err;

	owners->device = process_file_id(mountpoint).device;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(&owners->thread, NULL, serve, owners);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	owners->started = !err;
	return -err;
}

void owners_close(struct owners *owners)
{
	struct owner *owner;

	if (owners->started) {
		eventfd_write(owners->stop_fd, 1);
		pthread_join(owners->thread, NULL);
	}
	for (int ms = 0; ms < MAX_WAIT_MS && atomic_load(&owners->busy); ms++)
		usleep(1000);
	while ((owner = LIST_FIRST(&owners->list))) {
		LIST_REMOVE(owner, entry);
		owner_free(owner);
	}
	close(owners->epoll_fd);
	close(owners->stop_fd);
	pthread_mutex_destroy(&owners->lock);
	free(owners);
}

static bool has_exited(const struct owner *owner)
{
	struct pollfd p = {.fd = owner->pidfd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Called under the lock, as what follows. */
static struct owner *find(struct owners *owners, pid_t pid)
{
	struct owner *owner;

	LIST_FOREACH (owner, &owners->list, entry)
		if (owner->pid == pid && !has_exited(owner))
			return owner;
	return NULL;
}

static int add_owner(struct owners *owners, pid_t pid, struct owner **out)
{
	struct owner *owner = calloc(1, sizeof(*owner));
	int err;

	if (!owner)
		return -ENOMEM;
	owner->pid = pid;
	owner->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = owner->pidfd < 0 ? -errno : watch(owners, owner->pidfd, owner);
	if (err) {
		if (owner->pidfd >= 0)
			close(owner->pidfd);
		free(owner);
		return err;
	}
	LIST_INSERT_HEAD(&owners->list, owner, entry);
	*out = owner;
	return 0;
}

static bool is_gone(struct region *region)
{
	bool gone;

	pthread_mutex_lock(&region->lock);
	gone = region->gone;
	pthread_mutex_unlock(&region->lock);
	return gone;
}

/* Regions that have neither name nor open file need no owner. */
static void forget_gone(struct owner *owner)
{
	size_t kept = 0;

	for (size_t i = 0; i < owner->n; i++) {
		if (is_gone(owner->regions[i]))
			region_put(owner->regions[i]);
		else
			owner->regions[kept++] = owner->regions[i];
	}
	owner->n = kept;
}

static int make_room(struct owner *owner)
{
	size_t room = owner->room ? 2 * owner->room : 8;
	struct region **regions;

	forget_gone(owner);
	/* At least half of it is to be free: it is gone through rarely. */
	if (owner->room && owner->n < owner->room / 2)
		return 0;
	regions =
		reallocarray(owner->regions, room + 1, sizeof(struct region *));
	if (!regions)
		return -ENOMEM;
	owner->regions = regions;
	owner->room = room;
	return 0;
}

static int add_region(struct owner *owner, struct region *region)
{
	int err = owner->n == owner->room ? make_room(owner) : 0;

	if (err)
		return err;
	owner->regions[owner->n++] = region_get(region);
	atomic_store(&region->owner, owner->pid);
	return 0;
}

int owners_add(struct owners *owners, pid_t tid, struct region *region)
{
	pid_t pid = tid > 0 ? process_of_thread(tid) : 0;
	struct owner *owner;
	int err = 0;

	if (pid <= 0)
		return -EPERM;
	pthread_mutex_lock(&owners->lock);
	owner = find(owners, pid);
	if (!owner)
		err = add_owner(owners, pid, &owner);
	if (!err)
		err = add_region(owner, region);
	pthread_mutex_unlock(&owners->lock);
	return err;
}

void owners_process_exits(struct owners *owners, pid_t pid)
{
	struct region **regions = NULL;
	struct owner *owner;

	pthread_mutex_lock(&owners->lock);
	owner = find(owners, pid);
	if (owner)
		regions = take_regions(owner);
	pthread_mutex_unlock(&owners->lock);
	end_all(regions);
}

bool owners_are_any(struct owners *owners)
{
	bool any;

	pthread_mutex_lock(&owners->lock);
	any = !LIST_EMPTY(&owners->list);
	pthread_mutex_unlock(&owners->lock);
	return any;
}

atomic_int *owners_busy(struct owners *owners)
{
	return &owners->busy;
}

dev_t owners_device(const struct owners *owners)
{
	return owners->device;
}
