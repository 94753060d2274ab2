/* SPDX-License-Identifier: MIT */
/* Words about windows and about accesses to memory. */
#include "conform/conform.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEMORY (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static int protection(const char *text)
{
	return (strchr(text, 'r') ? PROT_READ : 0) |
	       (strchr(text, 'w') ? PROT_WRITE : 0);
}

/*
 * window [at=N] [length=N] [offset=N] [prot=r|w|rw|no] [flags=S|P|F|E]: mmap()
 * of the present file; E is MAP_FIXED_NOREPLACE.
 */
static const char *do_window(char **args)
{
	const char *prot = option(args, "prot"), *text = option(args, "flags");
	int flags = 0;
	char *at;

	for (text = text ? text : "S"; *text; text++)
		flags |= *text == 'S'	? MAP_SHARED
			 : *text == 'P' ? MAP_PRIVATE
			 : *text == 'F' ? MAP_FIXED
					: MAP_FIXED_NOREPLACE;
	at = mmap((void *)number_option(args, "at", 0),
		  number_option(args, "length", me.align),
		  protection(prot ? prot : "rw"), flags, me.fd,
		  (off_t)number_option(args, "offset", 0));
	if (at == MAP_FAILED)
		return answer_of(-1);
	me.window = at;
	return "ok";
}

/* address N: of the last window */
static const char *do_address(char **args)
{
	return (uintptr_t)me.window == number(args[0])
		       ? "ok"
		       : answer("%p", (void *)me.window);
}

static const char *do_aligned(char **args)
{
	(void)args;
	return (uintptr_t)me.window % me.align == 0
		       ? "yes"
		       : answer("%p", (void *)me.window);
}

/* This and the next ones count from the beginning of the window. */
static const char *do_munmap(char **args)
{
	return answer_of(munmap(me.window + number(args[0]), number(args[1])));
}

static const char *do_mprotect(char **args)
{
	return answer_of(mprotect(me.window + number(args[0]), number(args[1]),
				  protection(args[2])));
}

/* mremap OLD-LENGTH NEW-LENGTH [maymove] */
static const char *do_mremap(char **args)
{
	void *at = mremap(me.window, number(args[0]), number(args[1]),
			  has(args, "maymove") ? MREMAP_MAYMOVE : 0);

	return at == MAP_FAILED ? answer_of(-1) : "ok";
}

/* occupy ADDRESS LENGTH: with memory that is no window, an "m" in it */
static const char *do_occupy(char **args)
{
	char *at = (char *)number(args[0]);

	if (mmap(at, number(args[1]), PROT_READ | PROT_WRITE,
		 MEMORY | MAP_FIXED_NOREPLACE, -1, 0) != at)
		return answer_of(-1);
	*at = 'm';
	return "ok";
}

static const char *do_is_free(char **args)
{
	char *at = (char *)number(args[0]);
	void *got = mmap(at, number(args[1]), PROT_NONE,
			 MEMORY | MAP_FIXED_NOREPLACE, -1, 0);

	if (got == MAP_FAILED)
		return errno == EEXIST ? "no" : answer_of(-1);
	munmap(got, number(args[1]));
	return got == at ? "yes" : "no";
}

/* No more address space than there is in use: nothing can be mapped. */
static const char *do_limit_memory(char **args)
{
	const struct rlimit limit = {me.align / 2, me.align / 2};

	(void)args;
	return answer_of(setrlimit(RLIMIT_AS, &limit));
}

/* Accesses */

static __thread sigjmp_buf escape;
static __thread volatile int fault_signal, fault_code;
static __thread char *volatile fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = sig;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	if (info->si_signo != sig)
		fault_code = -1;
	siglongjmp(escape, 1);
}

static void catch_faults(void)
{
	struct sigaction act = {.sa_sigaction = on_fault,
				.sa_flags = SA_SIGINFO};

	fault_signal = 0;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

static const char *code_name(void)
{
	if (fault_signal != SIGSEGV)
		return answer("code %d", fault_code);
	return fault_code == SEGV_MAPERR   ? "MAPERR"
	       : fault_code == SEGV_ACCERR ? "ACCERR"
					   : answer("code %d", fault_code);
}

/* "SIGSEGV MAPERR", and what is wrong with the address if something is */
static const char *fault_at(const char *at)
{
	char code[64], where[64] = "";

	snprintf(code, sizeof(code), "%s", code_name());
	if (fault_address != at)
		snprintf(where, sizeof(where), ", but at %p, not %p",
			 (void *)fault_address, (const void *)at);
	return answer("SIG%s %s%s", sigabbrev_np(fault_signal), code, where);
}

static const char *do_read(char **args)
{
	volatile char *at = me.window + number(args[0]);
	volatile int value = 0;

	catch_faults();
	if (!sigsetjmp(escape, 1)) {
		value = *at;
		return answer("%d", value);
	}
	return fault_at((const char *)at);
}

/* write OFFSET VALUE */
static const char *do_write(char **args)
{
	volatile char *at = me.window + number(args[0]);

	catch_faults();
	if (!sigsetjmp(escape, 1)) {
		*at = (char)number(args[1]);
		return "ok";
	}
	return fault_at((const char *)at);
}

/* fill OFFSET LENGTH VALUE */
static const char *do_fill(char **args)
{
	memset(me.window + number(args[0]), (int)number(args[2]),
	       number(args[1]));
	return "ok";
}

/* all OFFSET LENGTH VALUE */
static const char *do_all(char **args)
{
	const char *at = me.window + number(args[0]);

	for (uint64_t i = 0; i < number(args[1]); i++)
		if (at[i] != (char)number(args[2]))
			return answer("no: %d at %#lx", at[i],
				      (unsigned long)i);
	return "yes";
}

/* System calls that are given such a pointer */

static int pipe_ends[2];

static const char *do_read_call(char **args)
{
	if (pipe(pipe_ends) || write(pipe_ends[1], "x", 1) != 1)
		return "no pipe";
	return answer_of(read(pipe_ends[0], me.window + number(args[0]), 1));
}

static const char *do_write_call(char **args)
{
	if (pipe(pipe_ends))
		return "no pipe";
	return answer_of(write(pipe_ends[1], me.window + number(args[0]), 1));
}

/* Nobody catches it: for "child", which tells of what it died. */
static const char *do_touch(char **args)
{
	const struct rlimit no_core = {0, 0};
	sigset_t set;

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGSEGV, has(args, "ignored") ? SIG_IGN : SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	if (has(args, "blocked"))
		sigprocmask(SIG_BLOCK, &set, NULL);
	*(volatile char *)(me.window + number(args[0])) = 1;
	return "ok";
}

/* A handler that mends it and returns: the instruction is done again. */

static char *repair_step;
static volatile sig_atomic_t repairs;

static void on_fault_repair(int sig)
{
	(void)sig;
	repairs++;
	if (repairs > 1 || strcmp(run_step(repair_step), "ok"))
		_exit(3);
}

/* write-and-repair OFFSET VALUE: the handler maps a page there. */
static const char *do_write_and_repair(char **args)
{
	char step[64];

	snprintf(step, sizeof(step), "map %s H", args[0]);
	repair_step = step;
	repairs = 0;
	signal(SIGSEGV, on_fault_repair);
	*(volatile char *)(me.window + number(args[0])) = (char)number(args[1]);
	return answer("repaired %d times", (int)repairs);
}

const struct word window_words[] = {
	{"window", do_window, 0},
	{"address", do_address, 1},
	{"aligned", do_aligned, 0},
	{"munmap", do_munmap, 2},
	{"mprotect", do_mprotect, 3},
	{"mremap", do_mremap, 2},
	{"occupy", do_occupy, 2},
	{"is-free", do_is_free, 2},
	{"limit-memory", do_limit_memory, 0},
	{"read", do_read, 1},
	{"write", do_write, 2},
	{"fill", do_fill, 3},
	{"all", do_all, 3},
	{"read-call", do_read_call, 1},
	{"write-call", do_write_call, 1},
	{"touch", do_touch, 1},
	{"write-and-repair", do_write_and_repair, 2},
	{0},
};
