/* SPDX-License-Identifier: MIT */
#include "engine/window_table.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/syscalls.h"

/* As few as that: all of the preload's data fits into one page, for fork(). */
#define FIRST_WINDOWS 4
#define CHUNK_WINDOWS 32

/* Entries are used again, chunks stay for ever: readers need no lock. */
struct chunk {
	_Atomic(struct chunk *) next;
	size_t n;
	struct window *windows;
};

static struct window first_windows[FIRST_WINDOWS];
static struct chunk first = {.n = FIRST_WINDOWS, .windows = first_windows};

_Atomic uintptr_t windows_low = UINTPTR_MAX, windows_high;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
atomic_bool windows_lock_used;

/* Of the thread that has the lock: libc's own signal cannot be blocked. */
static int cancel_state;

/*
 * How many forks are under way that did not take the lock, as it was never
 * used. In a page that children get empty, so that it is never copied; NULL:
 * there is none, and each fork takes the lock.
 */
static _Atomic(atomic_int *) forks;

/* Only processes that fork need it: not at their start. */
static atomic_int *get_forks(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	atomic_int *had = atomic_load(&forks);
	long at;

	if (had)
		return had;
	at = sys_mmap(0, page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at >= -4095)
		return NULL;
	if (!SYS_CALL(SYS_madvise, at, page, MADV_WIPEONFORK) &&
	    atomic_compare_exchange_strong(&forks, &had, (atomic_int *)at))
		return (atomic_int *)at;
	sys_munmap((uintptr_t)at, page);
	return had; /* another thread's, or NULL */
}

bool windows_fork_begins(void)
{
	atomic_int *count = windows_in_use() ? NULL : get_forks();

	if (!count)
		return false;
	atomic_fetch_add(count, 1);
	/* Whoever uses it from here on sees that count, and waits. */
	if (!windows_in_use())
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

void windows_fork_ended(void)
{
	atomic_fetch_sub(atomic_load(&forks), 1);
}

/*
 * A child must not be made half-way through what is done under the lock: those
 * that did not ask for it are waited for. Not for ever: one may be interrupted
 * by a signal whose handler is what waits here.
 */
static void first_use(void)
{
	const struct timespec moment = {.tv_nsec = 100000};

	atomic_int *count;

	atomic_store(&windows_lock_used, true);
	count = atomic_load(&forks);
	for (int i = 0; i < 1000 && count && atomic_load(count); i++)
		SYS_CALL(SYS_nanosleep, &moment, NULL);
}

void windows_lock(sigset_t *old)
{
	sigset_t all;
	int state;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_mutex_lock(&lock);
	cancel_state = state;
	if (!windows_in_use())
		first_use();
}

void windows_unlock(const sigset_t *old)
{
	int state = cancel_state, ours;

	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(state, &ours);
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

void windows_lock_again(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
}

void windows_lock_anew(sigset_t *old)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	windows_lock(old);
}

struct window *window_at(uintptr_t addr)
{
	for (struct chunk *c = &first; c; c = atomic_load(&c->next)) {
		for (size_t i = 0; i < c->n; i++) {
			struct window *w = &c->windows[i];
			uintptr_t base = atomic_load(&w->base);
			size_t size = atomic_load(&w->size);

			/* base again: the entry may have changed between */
			if (base && addr >= base && addr - base < size &&
			    atomic_load(&w->base) == base)
				return w;
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

void window_publish(struct window *w, uintptr_t base, size_t size)
{
	/* The base last: fork() may see it before we give back the lock. */
	atomic_store(&w->size, size);
	if (base < atomic_load(&windows_low))
		atomic_store(&windows_low, base);
	if (base + size > atomic_load(&windows_high))
		atomic_store(&windows_high, base + size);
	atomic_store(&w->base, base);
}

void window_forget(struct window *w)
{
	atomic_store(&w->base, 0);
}

struct window *window_next(struct window *w)
{
	bool seen = !w;

	for (struct chunk *c = &first; c; c = atomic_load(&c->next)) {
		for (size_t i = 0; i < c->n; i++) {
			if (seen && atomic_load(&c->windows[i].base))
				return &c->windows[i];
			seen = seen || &c->windows[i] == w;
		}
	}
	return NULL;
}

enum overlap windows_overlap(uintptr_t addr, size_t len)
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
