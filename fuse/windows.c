/* SPDX-License-Identifier: MIT */
#include "windows.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "change.h"
#include "log.h"
#include "region.h"
#include "watch.h"

/* For how long a key is good after its process has exited. */
#define GHOST_MS 5000

struct attached {
	struct watch watch; /* of the pidfd */
	struct windows *windows;
	TAILQ_ENTRY(attached) ghost;
	uint64_t deadline; /* of a ghost */
	struct window window;
};

static int cmp_key(const struct window *a, const struct window *b)
{
	return memcmp(a->key, b->key, MSHARE_KEY_BYTES);
}

TREE_GENERATE(by_key, window, by_key, cmp_key)

void windows_init(struct windows *windows, int epoll_fd)
{
	windows->epoll_fd = epoll_fd;
	RB_INIT(&windows->by_key);
	TAILQ_INIT(&windows->ghosts);
}

void windows_free(struct windows *windows)
{
	struct window *w, *next;

	RB_FOREACH_SAFE (w, by_key, &windows->by_key, next)
		window_drop(windows, w);
}

static struct attached *attached_of(struct window *w)
{
	return (struct attached *)((char *)w -
				   offsetof(struct attached, window));
}

/* It has no process any more; who was its child may still refer to it. */
static void window_end(struct window *w)
{
	if (w->holder)
		*w->holder = NULL;
	w->holder = NULL;
	region_remove_window(w->region, w);
	log_msg(LOG_DEBUG, "region %llu: window of pid %d gone",
		(unsigned long long)w->region->id, w->pid);
	close(w->pidfd); /* and epoll forgets it */
	if (w->uffd >= 0)
		close(w->uffd);
	w->pidfd = w->uffd = -1;
}

void window_drop(struct windows *windows, struct window *w)
{
	if (w->pidfd >= 0)
		window_end(w);
	else
		TAILQ_REMOVE(&windows->ghosts, attached_of(w), ghost);
	RB_REMOVE(by_key, &windows->by_key, w);
	region_put(w->region);
	free(attached_of(w));
}

/*
 * A program that becomes a daemon exits right after fork(), and its child's
 * FORKED may come behind that.
 */
static void process_exited(struct attach *attach, struct watch *watch)
{
	struct attached *a = (struct attached *)watch;

	(void)attach;
	window_end(&a->window);
	a->deadline = now_ms() + GHOST_MS;
	TAILQ_INSERT_TAIL(&a->windows->ghosts, a, ghost);
}

int window_add(struct windows *windows, const struct window *like, int pidfd,
	       struct window **out)
{
	struct attached *a = calloc(1, sizeof(*a));
	struct window *w;
	int err = -ENOMEM;

	if (!a)
		return err;
	a->watch.ready = process_exited;
	a->windows = windows;
	w = &a->window;
	*w = *like;
	w->pidfd = pidfd;
	err = -EIO;
	if (getrandom(w->key, sizeof(w->key), 0) != sizeof(w->key))
		goto release;
	err = watch_fd(windows->epoll_fd, pidfd, &a->watch);
	if (err)
		goto release;
	RB_INSERT(by_key, &windows->by_key, w);
	region_add_window(w->region, w);
	log_msg(LOG_DEBUG, "region %llu: window of pid %d, %s, guarded by %s",
		(unsigned long long)w->region->id, w->pid,
		w->kind == WINDOW_SHARED ? "shared" : "private",
		w->uffd >= 0 ? "the daemon too" : "itself alone");
	*out = w;
	return 0;
release:
	free(a);
	return err;
}

struct window *window_find(struct windows *windows,
			   const unsigned char key[MSHARE_KEY_BYTES])
{
	struct window like;

	memcpy(like.key, key, sizeof(like.key));
	return RB_FIND(by_key, &windows->by_key, &like);
}

uint64_t windows_expire(struct windows *windows, uint64_t now)
{
	struct attached *a, *next;

	TAILQ_FOREACH_SAFE(a, &windows->ghosts, ghost, next)
	{
		if (a->deadline > now)
			return a->deadline;
		window_drop(windows, &a->window);
	}
	return UINT64_MAX;
}
