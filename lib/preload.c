/* SPDX-License-Identifier: MIT */
/*
 * The shim: wrappers only. A call that concerns no window costs a comparison or
 * two and goes to the real function; a call that does is judged by SPEC section
 * 6 and made by attach.c.
 *
 * This file must be built without _FILE_OFFSET_BITS, which would rename mmap().
 */
#if defined(_FILE_OFFSET_BITS) || defined(_TIME_BITS)
#error "build preload.c without _FILE_OFFSET_BITS"
#endif

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach.h"
#include "fault.h"
#include "real.h"
#include "shim.h"
#include "sys.h"
#include "window.h"

/* The fork handlers' own: from before fork() until after it. */
static sigset_t fork_mask;

static void before_fork(void)
{
	sigset_t mask;

	windows_lock(&mask);
	fork_mask = mask;
}

static void after_fork_in_parent(void)
{
	sigset_t mask = fork_mask;

	windows_unlock(&mask);
}

static void after_fork_in_child(void)
{
	sigset_t mask = fork_mask;

	windows_lock_again();
	fault_forked();
	attach_forked();
	windows_unlock(&mask);
}

__attribute__((constructor(101))) static void init(void)
{
	real_init();
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static size_t page_up(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) & ~(page - 1);
}

/* mmap() and its kind report through errno. */
static void *result(int err, void *base)
{
	if (!err)
		return base;
	errno = -err;
	return MAP_FAILED;
}

static void *map_region(const struct mmap_args *args)
{
	void *base = NULL;
	sigset_t mask;
	int err;

	windows_lock(&mask);
	err = attach_window(args, &base);
	windows_unlock(&mask);
	return result(err, base);
}

/* Something else is mapped over windows: whole ones make place. */
static void *map_over(const struct mmap_args *args)
{
	size_t len = page_up(args->length);
	void *base = MAP_FAILED;
	sigset_t mask;

	windows_lock(&mask);
	if (windows_overlap((uintptr_t)args->addr, len) == OVERLAP_PART) {
		errno = EINVAL;
	} else {
		base = real.mmap(args->addr, args->length, args->prot,
				 args->flags, args->fd, args->offset);
		if (base != MAP_FAILED)
			attach_gone_in((uintptr_t)args->addr, len);
	}
	windows_unlock(&mask);
	return base;
}

/*
 * Whether a call concerns a window. Without the lock, so that whoever holds
 * locks of his own (an allocator around fork(), say) never waits for ours but
 * for a window's sake.
 */
static inline bool touches_window(const void *addr, size_t len)
{
	return UNLIKELY(windows_near(addr, len)) &&
	       windows_overlap((uintptr_t)addr, page_up(len)) != OVERLAP_NONE;
}

static void *map_file_or_fixed(const struct mmap_args *args)
{
	bool file = !(args->flags & MAP_ANONYMOUS);
	bool fixed = args->flags & MAP_FIXED;
	int saved = errno;
	void *base;

	/* A shared mapping of ours fails by itself: ask only then. */
	if (file && !fixed && (args->flags & MAP_TYPE) != MAP_PRIVATE) {
		base = real.mmap(args->addr, args->length, args->prot,
				 args->flags, args->fd, args->offset);
		if (LIKELY(base != MAP_FAILED) || errno != ENODEV ||
		    !attach_is_ours(args->fd))
			return base;
		errno = saved; /* that was no failure of the program's */
		return map_region(args);
	}
	/* A private one would not, and a fixed one would unmap first. */
	if (file && UNLIKELY(attach_is_ours(args->fd)))
		return map_region(args);
	if (fixed && touches_window(args->addr, args->length))
		return map_over(args);
	return real.mmap(args->addr, args->length, args->prot, args->flags,
			 args->fd, args->offset);
}

static inline void *map(void *addr, size_t len, int prot, int flags, int fd,
			int64_t offset)
{
	const struct mmap_args args = {addr, len, prot, flags, fd, offset};

	if (LIKELY((flags & (MAP_ANONYMOUS | MAP_FIXED)) == MAP_ANONYMOUS))
		return real.mmap(addr, len, prot, flags, fd, offset);
	return map_file_or_fixed(&args);
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	return map(addr, len, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off64_t offset)
{
	return map(addr, len, prot, flags, fd, offset);
}

static int unmap_windows(void *addr, size_t len)
{
	size_t whole = page_up(len);
	sigset_t mask;
	int ret = -1;

	windows_lock(&mask);
	if (windows_overlap((uintptr_t)addr, whole) == OVERLAP_PART) {
		errno = EINVAL;
	} else {
		ret = real.munmap(addr, len);
		if (!ret)
			attach_gone_in((uintptr_t)addr, whole);
	}
	windows_unlock(&mask);
	return ret;
}

EXPORT int munmap(void *addr, size_t len)
{
	if (touches_window(addr, len))
		return unmap_windows(addr, len);
	return real.munmap(addr, len);
}

EXPORT int mprotect(void *addr, size_t len, int prot)
{
	if (touches_window(addr, len)) {
		errno = EINVAL;
		return -1;
	}
	return real.mprotect(addr, len, prot);
}

/* A window neither grows, nor shrinks, nor moves, nor is doubled. */
static void *remap_window(void *addr, size_t old_len, size_t len, int flags)
{
	struct window *w = window_at((uintptr_t)addr);
	uintptr_t base = w ? atomic_load(&w->base) : 0;
	bool whole = w && base == (uintptr_t)addr &&
		     atomic_load(&w->size) == page_up(old_len);

	if (whole && page_up(len) > page_up(old_len))
		return result(-EFAULT, NULL);
	if (whole && page_up(len) == page_up(old_len) &&
	    !(flags & MREMAP_DONTUNMAP))
		return addr;
	return result(-EINVAL, NULL);
}

EXPORT void *mremap(void *addr, size_t old_len, size_t len, int flags, ...)
{
	void *to = NULL;
	va_list args;

	if (flags & MREMAP_FIXED) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
		if (touches_window(addr, old_len ? old_len : 1) ||
		    touches_window(to, len))
			return result(-EINVAL, NULL);
	} else if (touches_window(addr, old_len ? old_len : 1)) {
		return remap_window(addr, old_len, len, flags);
	}
	return real.mremap(addr, old_len, len, flags, to);
}

/* Signals: only SIGBUS, and only once there was a window. */

static inline bool is_mine(int sig)
{
	return UNLIKELY(sig == SIGBUS) && atomic_load(&fault_installed);
}

EXPORT int sigaction(int sig, const struct sigaction *restrict act,
		     struct sigaction *restrict old)
{
	int err;

	if (LIKELY(!is_mine(sig)))
		return real.sigaction(sig, act, old);
	err = fault_sigaction(act, old);
	if (err)
		errno = -err;
	return err ? -1 : 0;
}

static sighandler_t set_handler(sighandler_t handler, int flags)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = flags}, old;
	int err = handler == SIG_ERR ? -EINVAL : fault_sigaction(&act, &old);

	if (!err)
		return old.sa_handler;
	errno = -err;
	return SIG_ERR;
}

EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	NEED(signal);
	return is_mine(sig) ? set_handler(handler, SA_RESTART)
			    : real.signal(sig, handler);
}

/* <signal.h> hides it from programs as new as POSIX 2008. */
EXPORT sighandler_t bsd_signal(int sig, sighandler_t handler);

EXPORT sighandler_t bsd_signal(int sig, sighandler_t handler)
{
	return signal(sig, handler);
}

EXPORT sighandler_t ssignal(int sig, sighandler_t handler)
{
	return signal(sig, handler);
}

EXPORT sighandler_t __sysv_signal(int sig, sighandler_t handler)
{
	NEED(sysv_signal);
	return is_mine(sig)
		       ? set_handler(handler, (int)(SA_RESETHAND | SA_NODEFER))
		       : real.sysv_signal(sig, handler);
}

EXPORT sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	return __sysv_signal(sig, handler);
}

EXPORT sighandler_t sigset(int sig, sighandler_t handler)
{
	sigset_t set, old_mask;
	struct sigaction act;
	sighandler_t old;

	NEED(sigset);
	if (!is_mine(sig))
		return real.sigset(sig, handler);
	sigemptyset(&set);
	sigaddset(&set, sig);
	if (handler == SIG_HOLD) {
		sigprocmask(SIG_BLOCK, &set, &old_mask);
		old = fault_sigaction(NULL, &act) ? SIG_ERR : act.sa_handler;
	} else {
		old = set_handler(handler, 0);
		if (old == SIG_ERR)
			return old;
		sigprocmask(SIG_UNBLOCK, &set, &old_mask);
	}
	return sigismember(&old_mask, sig) ? SIG_HOLD : old;
}

EXPORT int sigignore(int sig)
{
	NEED(sigignore);
	if (!is_mine(sig))
		return real.sigignore(sig);
	return set_handler(SIG_IGN, 0) == SIG_ERR ? -1 : 0;
}

EXPORT int siginterrupt(int sig, int interrupt)
{
	struct sigaction act;
	int err;

	NEED(siginterrupt);
	if (!is_mine(sig))
		return real.siginterrupt(sig, interrupt);
	err = fault_sigaction(NULL, &act);
	if (!err) {
		act.sa_flags = interrupt ? act.sa_flags & ~SA_RESTART
					 : act.sa_flags | SA_RESTART;
		err = fault_sigaction(&act, NULL);
	}
	if (err)
		errno = -err;
	return err ? -1 : 0;
}
