/* SPDX-License-Identifier: MIT */
/*
 * Wrappers of sigaction(), signal() and their relatives. They concern only
 * SIGBUS, and only after the process had its first window: then the handler is
 * ours, and these calls set and return the action that the program believes in
 * (engine/sigbus.h). Every other call goes to the real function.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "engine/sigbus.h"
#include "wrap/libc_real.h"
#include "wrap/wrap.h"

static inline bool is_mine(int sig)
{
	return UNLIKELY(sig == SIGBUS) && atomic_load(&sigbus_installed);
}

static int set_action(const struct sigaction *act, struct sigaction *old)
{
	return wrap_status(sigbus_sigaction(act, old));
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

/* What siginterrupt() set for SIGBUS; libc's own record cannot be read. */
static atomic_bool bus_interrupts;

static sighandler_t set_signal(int sig, sighandler_t handler)
{
	struct sigaction act = {.sa_handler = handler};

	NEED(signal);
	/* libc also rejects bad arguments. */
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

/* <signal.h> does not declare it since POSIX 2008. */
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
