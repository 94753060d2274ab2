/* SPDX-License-Identifier: MIT */
/* The SIGBUS handler, and the action that the program set. */
#include "engine/sigbus.h"

#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "engine/fault_query.h"
#include "common/syscalls.h"
#include "engine/window_table.h"

bool (*sigbus_is_hole)(uintptr_t addr);
atomic_bool sigbus_installed;

/*
 * The program's action. The handler reads it without a lock, so a change goes
 * into the next of several slots and does not disturb a reader.
 */
#define SLOTS 16
static struct sigaction slots[SLOTS]; /* lock of the window table to write */
static atomic_uint current;

static struct sigaction *program_action(void)
{
	return &slots[atomic_load(&current) % SLOTS];
}

static void set_program_action(const struct sigaction *act)
{
	unsigned int next = atomic_load(&current) + 1;

	slots[next % SLOTS] = *act;
	atomic_store(&current, next);
}

static void block_all(void)
{
	uint64_t all = ~(uint64_t)0;

	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
}

/* The signal arrives when our handler returns, at the faulting instruction. */
static long queue_to_self(siginfo_t *info)
{
	long pid = SYS_CALL(SYS_getpid), tid = SYS_CALL(SYS_gettid);

	return SYS_CALL(SYS_rt_tgsigqueueinfo, pid, tid, info->si_signo, info);
}

static void set_default(int sig)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};

	__sigaction(sig, &dfl, NULL);
}

/* Lets the signal kill the process when our handler returns. */
static void die_of(siginfo_t *info, ucontext_t *context)
{
	block_all();
	set_default(info->si_signo);
	sigdelset(&context->uc_sigmask, info->si_signo);
	queue_to_self(info);
}

static void become_sigsegv(const siginfo_t *bus, int code, ucontext_t *context)
{
	struct sigaction segv;
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGSEGV;
	info.si_code = code;
	info.si_addr = bus->si_addr;
	__sigaction(SIGSEGV, NULL, &segv);
	/* As the kernel does: an ignored or blocked fault kills the process. */
	if (segv.sa_handler == SIG_IGN ||
	    sigismember(&context->uc_sigmask, SIGSEGV)) {
		die_of(&info, context);
		return;
	}
	block_all();
	if (queue_to_self(&info) < 0)
		set_default(SIGBUS); /* seccomp: the next fault kills us */
}

static void to_program(int sig, siginfo_t *info, void *context)
{
	struct sigaction act = *program_action();

	if (act.sa_handler == SIG_IGN &&
	    (info->si_code <= 0 || info->si_code == BUS_MCEERR_AO))
		return;
	if (act.sa_handler == SIG_IGN || act.sa_handler == SIG_DFL) {
		die_of(info, context);
		return;
	}
	if (act.sa_flags & (int)SA_RESETHAND) {
		struct sigaction dfl = act;

		dfl.sa_handler = SIG_DFL;
		set_program_action(&dfl);
	}
	/* The kernel passes three arguments even without SA_SIGINFO. */
	act.sa_sigaction(sig, info, context);
}

/* Whether the page was present, so that its protection caused the fault. */
static bool was_present(const ucontext_t *context)
{
#ifdef __x86_64__
	return context->uc_mcontext.gregs[REG_ERR] & 1;
#else
	(void)context;
	return false;
#endif
}

/*
 * Whether the kernel can read there now. An invalid way of changing the mask
 * of blocked signals is refused after the mask was read.
 */
static bool is_readable(uintptr_t addr)
{
	const uintptr_t word = addr & ~(uintptr_t)(sizeof(uint64_t) - 1);

	return SYS_CALL(SYS_rt_sigprocmask, -1, word, NULL, sizeof(uint64_t)) !=
	       -EFAULT;
}

/*
 * The page exists by now: let the program try again. But not forever, in case
 * only the daemon thinks so because its file was truncated. Faults at pages
 * that can be read by now, however many, are such as a lazy page has each time
 * that it was given back.
 */
static bool may_try_again(uintptr_t addr)
{
	static __thread struct {
		uintptr_t addr;
		unsigned int n;
	} tried __attribute__((tls_model("initial-exec")));

	if (tried.addr != addr || is_readable(addr))
		tried.n = 0;
	tried.addr = addr;
	return tried.n++ < 1000;
}

static void wait_a_moment(void)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	SYS_CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ms, NULL);
}

/* What judge() returns besides an si_code for SIGSEGV. */
enum {
	REAL_SIGBUS = -1,
	TRY_AGAIN = -2
};

static int judge(uintptr_t addr, const ucontext_t *context)
{
	if (was_present(context))
		return SEGV_ACCERR;
	switch (fault_query(addr)) {
	case -EAGAIN:
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ANSWER_TURNED_AWAY: /* what is there cannot be found out */
		return REAL_SIGBUS;
	case FAULT_NO_ACCESS:
		return SEGV_ACCERR;
	case FAULT_NO_MEMORY:
		return REAL_SIGBUS;
	case FAULT_CHANGING:
		wait_a_moment();
		return TRY_AGAIN;
	case FAULT_READ_ONLY:
#ifndef __x86_64__
		return SEGV_ACCERR;
#endif
	case FAULT_MAPPED:
	case FAULT_LAZY:
		return may_try_again(addr) ? TRY_AGAIN : REAL_SIGBUS;
	default: /* a hole, or no daemon to ask */
		return SEGV_MAPERR;
	}
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	const uintptr_t addr = (uintptr_t)info->si_addr;
	int code = REAL_SIGBUS;

	if (info->si_code == BUS_ADRERR && window_at(addr))
		code = judge(addr, context);
	else if (info->si_code == BUS_ADRERR && sigbus_is_hole &&
		 sigbus_is_hole(addr))
		code = SEGV_MAPERR;
	if (code == REAL_SIGBUS)
		to_program(sig, info, context);
	else if (code != TRY_AGAIN)
		become_sigsegv(info, code, context);
}

/* The flags that we set ourselves; the kernel does not see the program's. */
#define OUR_FLAGS (SA_SIGINFO | SA_ONSTACK | SA_RESTART | (int)SA_RESETHAND)

/*
 * Installs our handler with the flags and the mask of the program's action. On
 * return, *act is what the kernel and libc would give back: without the flags
 * that they do not know, and with those that they add.
 */
static int install_like(struct sigaction *act)
{
	struct sigaction ours = *act, kept;

	ours.sa_flags &= ~(int)SA_RESETHAND;
	if (act->sa_handler == SIG_DFL || act->sa_handler == SIG_IGN)
		ours.sa_flags |= SA_ONSTACK | SA_RESTART;
	ours.sa_flags |= SA_SIGINFO;
	ours.sa_sigaction = on_sigbus;
	if (__sigaction(SIGBUS, &ours, NULL) ||
	    __sigaction(SIGBUS, NULL, &kept))
		return -errno;
	act->sa_flags =
		(act->sa_flags & OUR_FLAGS) | (kept.sa_flags & ~OUR_FLAGS);
	act->sa_mask = kept.sa_mask;
	act->sa_restorer = kept.sa_restorer;
	return 0;
}

void sigbus_install(void)
{
	struct sigaction act, as_found;

	if (atomic_load(&sigbus_installed))
		return;
	__sigaction(SIGBUS, NULL, &act);
	set_program_action(&act);
	as_found = act;
	if (!install_like(&as_found)) {
		window_table_make_ours();
		atomic_store(&sigbus_installed, true);
	}
}

/*
 * In a child of vfork(): the handler is its own, or the inherited one. Such a
 * child shares our memory but has dispositions of its own: what it resets
 * before execve() must not change what is kept here.
 */
static int child_sigaction(const struct sigaction *act, struct sigaction *old)
{
	struct sigaction program = *program_action(), before;

	if (__sigaction(SIGBUS, act, &before))
		return -errno;
	if (old)
		*old = before.sa_sigaction == on_sigbus ? program : before;
	return 0;
}

int sigbus_sigaction(const struct sigaction *act, struct sigaction *old)
{
	struct sigaction wanted, before;
	sigset_t mask;
	int err = 0;

	/* A child of which no fork handler knows is told by locking the table.
	 */
	if (SYS_CALL(SYS_getpid) != atomic_load(&window_table_owner) &&
	    window_table_is_ours())
		return child_sigaction(act, old);
	if (act)
		wanted = *act; /* a bad pointer faults before we lock */
	window_table_lock(&mask);
	before = *program_action();
	if (act) {
		set_program_action(&wanted);
		err = install_like(&wanted);
		if (!err)
			set_program_action(&wanted);
	}
	window_table_unlock(&mask);
	if (!err && old)
		*old = before;
	return err;
}
