/* SPDX-License-Identifier: MIT */
/* The table of windows, its lock, and fork(). */
#include "engine/window_table.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/syscalls.h"

/* So few that all data of the preload fits into one page, for fork(). */
#define FIRST_WINDOWS 4
#define CHUNK_WINDOWS 32

/* Entries are reused and chunks are never freed, so readers need no lock. */
struct chunk {
	_Atomic(struct chunk *) next;
	size_t n;
	struct window *windows;
};

static struct window first_windows[FIRST_WINDOWS];
static struct chunk first = {.n = FIRST_WINDOWS, .windows = first_windows};

void (*window_table_adopted)(void);

_Atomic uintptr_t window_table_low = UINTPTR_MAX, window_table_high;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
atomic_bool window_table_lock_used;

/*
 * Of the thread that holds the lock. It disables cancellation, because the
 * signal that libc uses for it cannot be blocked.
 */
static int cancel_state;

/*
 * Number of forks under way that did not take the lock, as it was never used.
 * It is in a page of its own that fork() does not copy (MADV_WIPEONFORK). NULL:
 * there is no such page, and each fork takes the lock.
 */
static _Atomic(atomic_int *) forks;

/*
 * 1 in the process whose table this is. In such a page too, so 0 in a child
 * until its fork handler has run. NULL: there is no such page, or no window.
 */
static _Atomic(atomic_int *) owned;
atomic_long window_table_owner;

/* Allocates the page when it is first needed. */
static atomic_int *get_wiped(_Atomic(atomic_int *) *where)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	atomic_int *had = atomic_load(where);
	long at;

	if (had)
		return had;
	at = sys_mmap(0, page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_failed(at))
		return NULL;
	if (!SYS_CALL(SYS_madvise, at, page, MADV_WIPEONFORK) &&
	    atomic_compare_exchange_strong(where, &had, (atomic_int *)at))
		return (atomic_int *)at;
	sys_munmap((uintptr_t)at, page);
	return had; /* what another thread allocated, or NULL */
}

bool window_table_fork_begins(void)
{
	atomic_int *count = window_table_in_use() ? NULL : get_wiped(&forks);

	if (!count)
		return false;
	atomic_fetch_add(count, 1);
	/* A thread that takes the lock from here on sees the count and waits.
	 */
	if (!window_table_in_use())
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

void window_table_fork_ended(void)
{
	atomic_fetch_sub(atomic_load(&forks), 1);
}

/*
 * No fork may happen while the lock is held: waits for those under way that did
 * not take it. Not forever, as the fork may be in this thread, interrupted by a
 * signal whose handler waits here.
 */
static void first_use(void)
{
	const struct timespec moment = {.tv_nsec = 100000};

	atomic_int *count;

	atomic_store(&window_table_lock_used, true);
	count = atomic_load(&forks);
	for (int i = 0; i < 1000 && count && atomic_load(count); i++)
		SYS_CALL(SYS_nanosleep, &moment, NULL);
}

bool window_table_is_ours(void)
{
	atomic_int *mark = atomic_load(&owned);

	return !mark || atomic_load(mark);
}

void window_table_make_ours(void)
{
	atomic_int *mark = atomic_load(&owned);

	atomic_store(&window_table_owner, SYS_CALL(SYS_getpid));
	if (mark)
		atomic_store(mark, 1);
}

/*
 * The windows are our parent's, as is the lock, which another of its threads
 * may have held.
 */
static void start_over(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	for (struct chunk *c = &first; c; c = atomic_load(&c->next))
		for (size_t i = 0; i < c->n; i++)
			window_forget(&c->windows[i]);
	window_table_make_ours();
	if (window_table_adopted)
		window_table_adopted();
}

void window_table_lock(sigset_t *old)
{
	sigset_t all;
	int state;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	if (!window_table_is_ours())
		start_over();
	pthread_mutex_lock(&lock);
	cancel_state = state;
	if (!window_table_in_use())
		first_use();
}

void window_table_unlock(const sigset_t *old)
{
	int state = cancel_state, ours;

	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(state, &ours);
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

void window_table_relock_in_child(void)
{
	window_table_make_ours();
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
}

void window_table_lock_anew_in_child(sigset_t *old)
{
	window_table_make_ours();
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (window_table_adopted)
		window_table_adopted();
	window_table_lock(old);
}

struct window *window_at(uintptr_t addr)
{
	for (struct chunk *c = &first; c; c = atomic_load(&c->next)) {
		for (size_t i = 0; i < c->n; i++) {
			struct window *w = &c->windows[i];
			uintptr_t base = atomic_load(&w->base);
			size_t size = atomic_load(&w->size);

			/* base again: the entry may have changed meanwhile */
			if (base && addr >= base && addr - base < size &&
			    atomic_load(&w->base) == base)
				return window_table_is_ours() ? w : NULL;
		}
	}
	return NULL;
}

static struct chunk *chunk_new(void)
{
	size_t length =
		sizeof(struct chunk) + CHUNK_WINDOWS * sizeof(struct window);
	long at = sys_mmap(0, length, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct chunk *c;

	if (at < 0)
		return NULL;
	c = (struct chunk *)at;
	c->n = CHUNK_WINDOWS;
	c->windows = (struct window *)(c + 1);
	return c;
}

struct window *window_new(void)
{
	struct chunk *c = &first, *last = NULL;

	for (; c; last = c, c = atomic_load(&c->next))
		for (size_t i = 0; i < c->n; i++)
			if (!atomic_load(&c->windows[i].base))
				return &c->windows[i];
	c = chunk_new();
	if (!c)
		return NULL;
	atomic_store(&last->next, c);
	return &c->windows[0];
}

void window_table_widen(uintptr_t base, size_t size)
{
	atomic_int *mark = get_wiped(&owned);

	if (mark)
		atomic_store(mark, 1);
	if (base < atomic_load(&window_table_low))
		atomic_store(&window_table_low, base);
	if (base + size > atomic_load(&window_table_high))
		atomic_store(&window_table_high, base + size);
}

void window_publish(struct window *w, uintptr_t base, size_t size)
{
	/* The base last: readers take no lock. */
	atomic_store(&w->size, size);
	window_table_widen(base, size);
	atomic_store(&w->base, base);
}

void window_forget(struct window *w)
{
	atomic_store(&w->base, 0);
}

struct window *window_next(struct window *w)
{
	bool seen = !w;

	if (!window_table_is_ours())
		return NULL;
	for (struct chunk *c = &first; c; c = atomic_load(&c->next)) {
		for (size_t i = 0; i < c->n; i++) {
			if (seen && atomic_load(&c->windows[i].base))
				return &c->windows[i];
			seen = seen || &c->windows[i] == w;
		}
	}
	return NULL;
}

enum overlap window_table_overlap(uintptr_t addr, size_t len)
{
	enum overlap found = OVERLAP_NONE;
	uintptr_t end = addr + len < addr ? UINTPTR_MAX : addr + len;

	for (struct window *w = window_next(NULL); w; w = window_next(w)) {
		uintptr_t base = atomic_load(&w->base);
		uintptr_t top = base + atomic_load(&w->size);

		if (end <= base || addr >= top)
			continue;
		if (addr > base || end < top)
			return OVERLAP_PART;
		found = OVERLAP_WHOLE;
	}
	return found;
}
