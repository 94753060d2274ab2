/* SPDX-License-Identifier: MIT */
/* The windows by key, ghosts, and the thread that probes windows. */
#include "windows/window_registry.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/epoll_watch.h"
#include "base/log.h"
#include "base/quota.h"
#include "region/region.h"
#include "windows/window_batch.h"

/* A window takes a pidfd and a userfaultfd. */
#define WINDOW_DESCRIPTORS 2

/* How long a key stays valid after its window has ended. */
#define GHOST_MS 5000

/* Nothing reports that a process has called exec(), so windows are probed. */
#define PROBE_MS 5000

/* How long the end of the daemon waits for a probe. */
#define PROBE_END_MS 500

static int cmp_key(const struct window *a, const struct window *b)
{
	return memcmp(a->key, b->key, MSHARE_KEY_BYTES);
}

TREE_GENERATE(by_key, window, by_key, cmp_key)

void window_registry_init(struct window_registry *windows, int epoll_fd)
{
	windows->epoll_fd = epoll_fd;
	windows->n = 0;
	windows->next_probe = UINT64_MAX;
	atomic_init(&windows->probing, false);
	RB_INIT(&windows->by_key);
	TAILQ_INIT(&windows->ghosts);
}

void window_registry_free(struct window_registry *windows)
{
	struct window *w, *next;

	/* A process that holds its memory map delays the probe as it likes. */
	for (int ms = 0; atomic_load(&windows->probing); ms++) {
		if (ms == PROBE_END_MS)
			return; /* the daemon ends */
		usleep(1000);
	}
	RB_FOREACH_SAFE (w, by_key, &windows->by_key, next)
		window_registry_drop(windows, w);
}

/* Removes a window that no process has any more; its key stays valid. */
static void make_ghost(struct window *w)
{
	if (w->holder)
		*w->holder = NULL;
	w->holder = NULL;
	log_msg(LOG_DEBUG, "region %llu: the window of pid %d is gone",
		(unsigned long long)w->region->id, w->pid);
	epoll_unwatch_fd(w->registry->epoll_fd, w->pidfd);
	close(w->pidfd);
	user_release(w->user, QUOTA_DESCRIPTORS, WINDOW_DESCRIPTORS);
	user_put(w->user);
	w->pidfd = -1;
	w->registry->n--;
	window_remove(w);
}

void window_registry_drop(struct window_registry *windows, struct window *w)
{
	if (w->pidfd >= 0)
		make_ghost(w);
	else
		TAILQ_REMOVE(&windows->ghosts, w, ghost);
	RB_REMOVE(by_key, &windows->by_key, w);
	window_put(w);
}

/*
 * The key stays valid for a while: a program that daemonizes exits right after
 * fork(), and the FORKED message of its child may come later.
 */
void window_registry_end(struct window_registry *windows, struct window *w)
{
	make_ghost(w);
	w->deadline = now_ms() + GHOST_MS;
	TAILQ_INSERT_TAIL(&windows->ghosts, w, ghost);
}

static void process_exited(struct attach_server *attach,
			   struct epoll_watch *watch)
{
	struct window *w = (struct window *)watch;

	(void)attach;
	window_registry_end(w->registry, w);
}

int window_registry_add(struct window_registry *windows,
			const struct window *like, int pidfd,
			struct window **out, struct protection_steps *steps)
{
	struct window *w = malloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = *like;
	w->user = user_get(like->uid);
	err = user_charge(w->user, QUOTA_DESCRIPTORS, WINDOW_DESCRIPTORS);
	if (err)
		goto free;
	w->watch.ready = process_exited;
	w->registry = windows;
	atomic_init(&w->refs, 1);
	w->pidfd = pidfd;
	err = -EIO;
	if (getrandom(w->key, sizeof(w->key), 0) != sizeof(w->key))
		goto release;
	err = epoll_watch_fd(windows->epoll_fd, pidfd, &w->watch);
	if (err)
		goto release;
	err = window_announce(w->region, w, steps);
	if (err)
		goto unwatch; /* the caller keeps pidfd open */
	RB_INSERT(by_key, &windows->by_key, w);
	windows->n++;
	log_msg(LOG_DEBUG,
		"region %llu: the window of pid %d is %s, guarded by %s",
		(unsigned long long)w->region->id, w->pid,
		w->kind == WINDOW_SHARED ? "shared" : "private",
		w->uffd >= 0 ? "the daemon too" : "its process alone");
	*out = w;
	return 0;
unwatch:
	epoll_unwatch_fd(windows->epoll_fd, pidfd);
release:
	unshared_units_free(&w->own);
	user_release(w->user, QUOTA_DESCRIPTORS, WINDOW_DESCRIPTORS);
free:
	user_put(w->user);
	free(w);
	return err;
}

struct window *window_registry_find(struct window_registry *windows,
				    const unsigned char key[MSHARE_KEY_BYTES])
{
	struct window like;

	memcpy(like.key, key, sizeof(like.key));
	return RB_FIND(by_key, &windows->by_key, &like);
}

static bool has_died(struct window *w)
{
	bool dead;

	pthread_mutex_lock(&w->region->lock);
	dead = w->dead;
	pthread_mutex_unlock(&w->region->lock);
	return dead;
}

void window_registry_reap(struct window_registry *windows)
{
	struct window *w, *next;

	RB_FOREACH_SAFE (w, by_key, &windows->by_key, next)
		if (w->pidfd >= 0 && has_died(w))
			window_registry_end(windows, w);
}

/* The windows that a thread probes. */
struct round {
	struct window_registry *windows;
	size_t n;
	struct window *v[];
};

static void *probe_all(void *arg)
{
	struct round *round = arg;
	struct window_registry *windows = round->windows;

	windows_probe(round->v, round->n);
	for (size_t i = 0; i < round->n; i++)
		window_put(round->v[i]);
	free(round);
	atomic_store(&windows->probing, false);
	return NULL;
}

static void start_round(struct round *round)
{
	pthread_attr_t detached;
	pthread_t thread;

	atomic_store(&round->windows->probing, true);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, probe_all, round))
		probe_all(round);
	pthread_attr_destroy(&detached);
}

/*
 * Probes all windows in a separate thread, as that may take long. Windows that
 * are found dead are reaped later.
 */
static void probe(struct window_registry *windows)
{
	struct round *round;
	struct window *w;

	if (atomic_load(&windows->probing))
		return;
	round = malloc(sizeof(*round) + windows->n * sizeof(struct window *));
	if (!round)
		return; /* tried again after PROBE_MS */
	round->windows = windows;
	round->n = 0;
	RB_FOREACH (w, by_key, &windows->by_key) {
		if (w->pidfd >= 0 && round->n < windows->n) {
			window_get(w);
			round->v[round->n++] = w;
		}
	}
	start_round(round);
}

static uint64_t probe_in_time(struct window_registry *windows, uint64_t now)
{
	if (!windows->n)
		windows->next_probe = UINT64_MAX;
	else if (windows->next_probe == UINT64_MAX)
		windows->next_probe = now + PROBE_MS;
	if (windows->next_probe > now)
		return windows->next_probe;
	probe(windows);
	windows->next_probe = now + PROBE_MS;
	return windows->next_probe;
}

static uint64_t expire(struct window_registry *windows, uint64_t now)
{
	struct window *w, *next;
	bool any = false;

	TAILQ_FOREACH_SAFE (w, &windows->ghosts, ghost, next) {
		if (w->deadline > now)
			return w->deadline;
		window_registry_drop(windows, w);
		any = true;
	}
	/* The last window is gone: return the memory of many to the system. */
	if (any && !windows->n)
		malloc_trim(0);
	return UINT64_MAX;
}

uint64_t window_registry_keep_time(struct window_registry *windows,
				   uint64_t now)
{
	uint64_t a = expire(windows, now), b = probe_in_time(windows, now);

	return a < b ? a : b;
}
