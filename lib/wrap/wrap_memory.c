/* SPDX-License-Identifier: MIT */
/*
 * The shim: wrappers only. A call that concerns no window costs a comparison or
 * two and goes to the real function (but for private mappings of files: one
 * statx(), as nothing else tells them from ours); a call that does is judged by
 * doc/interface.md, section 6, and made by attach.c.
 *
 * Also in libmshare.so: in a program that links it the same rules hold.
 *
 * This file must be built without _FILE_OFFSET_BITS, which would rename mmap().
 */
#if defined(_FILE_OFFSET_BITS) || defined(_TIME_BITS)
#error "build preload.c without _FILE_OFFSET_BITS"
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/attach_client.h"
#include "engine/engine.h"
#include "engine/sigbus.h"
#include "wrap/libc_real.h"
#include "wrap/wrap.h"
#include "common/syscalls.h"
#include "engine/window_table.h"

__attribute__((constructor(101))) static void init(void)
{
	real_init();
	engine_init();
}

/*
 * Whether fd is of a region, and it is for this library's engine to map it.
 * Where there is another one (see engine.h), its library has wrappers as well,
 * which come first and ask ours only what they would ask libc.
 */
static bool is_region(int fd)
{
	return engine_is_here() && attach_is_ours(fd);
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
	int err = engine_here.map(args, &base);

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
		attach_leaving((uintptr_t)args->addr, len);
		base = real.mmap(args->addr, args->length, args->prot,
				 args->flags, args->fd, args->offset);
		attach_left((uintptr_t)args->addr, len, base != MAP_FAILED);
	}
	windows_unlock(&mask);
	return base;
}

/* Nonsense (nothing, or more than there is) is the kernel's to refuse. */
static bool overlaps(uintptr_t addr, size_t len)
{
	size_t whole = page_up(len);

	return len && whole >= len && addr + whole >= addr &&
	       windows_overlap(addr, whole) != OVERLAP_NONE;
}

/*
 * Whether a call concerns a window. Without the lock, so that whoever holds
 * locks of his own (an allocator around fork(), say) never waits for ours but
 * for a window's sake.
 */
static inline bool touches_window(const void *addr, size_t len)
{
	return UNLIKELY(windows_near(addr, len)) &&
	       overlaps((uintptr_t)addr, len);
}

/*
 * The same for a call that a window would refuse: with the lock, as a window
 * that another thread is unmapping stays in the table for some moments, and its
 * addresses may be somebody else's by now.
 */
static bool is_in_window(const void *addr, size_t len)
{
	sigset_t mask;
	bool yes;

	if (LIKELY(!touches_window(addr, len)))
		return false;
	windows_lock(&mask);
	yes = overlaps((uintptr_t)addr, len);
	windows_unlock(&mask);
	return yes;
}

static void *map_file_or_fixed(const struct mmap_args *args)
{
	bool file = !(args->flags & MAP_ANONYMOUS);
	/* With NOREPLACE, too, nothing is unmapped. */
	bool fixed =
		(args->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == MAP_FIXED;
	int saved = errno;
	void *base;

	/* A shared mapping of ours fails by itself: ask only then. */
	if (file && !fixed && (args->flags & MAP_TYPE) != MAP_PRIVATE) {
		base = real.mmap(args->addr, args->length, args->prot,
				 args->flags, args->fd, args->offset);
		if (LIKELY(base != MAP_FAILED) || errno != ENODEV ||
		    !is_region(args->fd))
			return base;
		errno = saved; /* that was no failure of the program's */
		return map_region(args);
	}
	/* A private one would not, and a fixed one would unmap first. */
	if (file && UNLIKELY(is_region(args->fd)))
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
		attach_leaving((uintptr_t)addr, whole);
		ret = real.munmap(addr, len);
		attach_left((uintptr_t)addr, whole, !ret);
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
	if (is_in_window(addr, len)) {
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

	/* With DONTUNMAP alone the kernel takes it for a hint. */
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
	}
	if (is_in_window(addr, old_len ? old_len : 1))
		return flags & MREMAP_FIXED
			       ? result(-EINVAL, NULL)
			       : remap_window(addr, old_len, len, flags);
	if (flags & MREMAP_FIXED && is_in_window(to, len))
		return result(-EINVAL, NULL);
	return real.mremap(addr, old_len, len, flags, to);
}

/* Signals: only SIGBUS, and only once there was a window. */

static inline bool is_mine(int sig)
{
	return UNLIKELY(sig == SIGBUS) && atomic_load(&fault_installed);
}

static int set_action(const struct sigaction *act, struct sigaction *old)
{
	int err = fault_sigaction(act, old);

	if (!err)
		return 0;
	errno = -err;
	return -1;
}

EXPORT int sigaction(int sig, const struct sigaction *restrict act,
		     struct sigaction *restrict old)
{
	return LIKELY(!is_mine(sig)) ? real.sigaction(sig, act, old)
				     : set_action(act, old);
}

static sighandler_t set_handler(const struct sigaction *act)
{
	struct sigaction old;

	return set_action(act, &old) ? SIG_ERR : old.sa_handler;
}

/* What siginterrupt() said of SIGBUS; libc's own record cannot be read. */
static atomic_bool bus_interrupts;

static sighandler_t set_signal(int sig, sighandler_t handler)
{
	struct sigaction act = {.sa_handler = handler};

	NEED(signal);
	/* What is wrong, too, is libc's to judge. */
	if (LIKELY(!is_mine(sig)) || handler == SIG_ERR)
		return real.signal(sig, handler);
	sigaddset(&act.sa_mask, sig);
	act.sa_flags = atomic_load(&bus_interrupts) ? 0 : SA_RESTART;
	return set_handler(&act);
}

EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	return set_signal(sig, handler);
}

/* <signal.h> hides it from programs as new as POSIX 2008. */
EXPORT sighandler_t bsd_signal(int sig, sighandler_t handler);

EXPORT sighandler_t bsd_signal(int sig, sighandler_t handler)
{
	return set_signal(sig, handler);
}

EXPORT sighandler_t ssignal(int sig, sighandler_t handler)
{
	return set_signal(sig, handler);
}

static sighandler_t set_signal_once(int sig, sighandler_t handler)
{
	const struct sigaction act = {
		.sa_handler = handler,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER),
	};

	NEED(sysv_signal);
	return is_mine(sig) && handler != SIG_ERR
		       ? set_handler(&act)
		       : real.sysv_signal(sig, handler);
}

EXPORT sighandler_t __sysv_signal(int sig, sighandler_t handler)
{
	return set_signal_once(sig, handler);
}

EXPORT sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	return set_signal_once(sig, handler);
}

EXPORT sighandler_t sigset(int sig, sighandler_t handler)
{
	const struct sigaction new = {.sa_handler = handler};
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
		old = set_action(NULL, &act) ? SIG_ERR : act.sa_handler;
	} else {
		old = set_handler(&new);
		if (old == SIG_ERR)
			return old;
		sigprocmask(SIG_UNBLOCK, &set, &old_mask);
	}
	return sigismember(&old_mask, sig) ? SIG_HOLD : old;
}

EXPORT int sigignore(int sig)
{
	const struct sigaction act = {.sa_handler = SIG_IGN};

	NEED(sigignore);
	return is_mine(sig) ? set_action(&act, NULL) : real.sigignore(sig);
}

EXPORT int siginterrupt(int sig, int interrupt)
{
	struct sigaction act;

	NEED(siginterrupt);
	if (sig == SIGBUS)
		atomic_store(&bus_interrupts, interrupt);
	if (!is_mine(sig))
		return real.siginterrupt(sig, interrupt);
	if (set_action(NULL, &act))
		return -1;
	act.sa_flags = interrupt ? act.sa_flags & ~SA_RESTART
				 : act.sa_flags | SA_RESTART;
	return set_action(&act, NULL);
}
