/* SPDX-License-Identifier: MIT */
/* SIGBUS and SIGSEGV: every way to handle them, and every way to get them. */
#include "inert/inert.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

extern sighandler_t bsd_signal(int sig, sighandler_t handler);
extern sighandler_t ssignal(int sig, sighandler_t handler);

static char *room; /* what faults */
static char stack[65536];
static sigjmp_buf escape;
static volatile int calls;

void write_set(const sigset_t *set)
{
	for (int sig = 1; sig < 65; sig++)
		if (sigismember(set, sig) == 1)
			printf(" %d", sig);
}

static void write_handler(int sig, const siginfo_t *info)
{
	sigset_t mask;
	char here;

	calls++;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("  handler of %d%s, blocked:", sig,
	       &here >= stack && &here < stack + sizeof(stack) ? " on its stack"
							       : "");
	write_set(&mask);
	if (info) {
		const char *addr = info->si_addr;

		printf(", info %d %d %d", info->si_signo, info->si_errno,
		       info->si_code);
		if (info->si_code > 0 && info->si_code != SI_KERNEL)
			printf(" %#tx", addr - room);
		else
			printf(" %d %d", info->si_pid == getpid(),
			       info->si_int);
	}
	putchar('\n');
	if (calls > 3)
		_exit(3);
}

static void plain(int sig)
{
	write_handler(sig, NULL);
}

static void plain_other(int sig)
{
	write_handler(sig, NULL);
}

static void with_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	write_handler(sig, info);
}

static void escaping(int sig, siginfo_t *info, void *context)
{
	(void)context;
	write_handler(sig, info);
	siglongjmp(escape, 1);
}

/* What the handler does is what makes the access right. */
static void repairing(int sig, siginfo_t *info, void *context)
{
	(void)context;
	write_handler(sig, info);
	mmap(room, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
	     0);
}

static const char *handler_name(sighandler_t handler)
{
	const void *known = (const void *)handler;

	return handler == SIG_DFL		  ? "default"
	       : handler == SIG_IGN		  ? "ignore"
	       : handler == SIG_ERR		  ? "error"
	       : handler == SIG_HOLD		  ? "hold"
	       : handler == plain		  ? "plain"
	       : handler == plain_other		  ? "plain_other"
	       : known == (const void *)with_info ? "with_info"
	       : known == (const void *)escaping  ? "escaping"
	       : known == (const void *)repairing ? "repairing"
						  : "somebody's";
}

void write_action(const char *what, int sig)
{
	struct sigaction act;

	memset(&act, 0x5a, sizeof(act));
	if (sigaction(sig, NULL, &act)) {
		printf("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	printf("%s: %s, flags %#x, restorer %d, mask", what,
	       handler_name(act.sa_handler), (unsigned int)act.sa_flags,
	       act.sa_restorer != NULL);
	write_set(&act.sa_mask);
	putchar('\n');
}

/* Ways to install a handler */

static void by_sigaction(int sig, void *handler, unsigned int flags)
{
	struct sigaction act = {.sa_flags = (int)flags}, old;

	sigaddset(&act.sa_mask, SIGUSR1);
	act.sa_handler = (sighandler_t)handler;
	DO(sigaction(sig, &act, &old));
	printf("  before: %s, %#x\n", handler_name(old.sa_handler),
	       (unsigned int)old.sa_flags);
}

static void by_full_mask(int sig, void *handler, unsigned int flags)
{
	struct sigaction act;

	memset(&act, 0xff, sizeof(act));
	act.sa_flags = (int)flags;
	act.sa_handler = (sighandler_t)handler;
	DO(sigaction(sig, &act, NULL));
}

/* Unknown bits, to see them dropped */
static void by_all_flags(int sig, void *handler, unsigned int flags)
{
	by_sigaction(sig, handler, flags | 0x01fff7f8);
}

#define BY(function)                                                          \
	static void by_##function(int sig, void *handler, unsigned int flags) \
	{                                                                     \
		(void)flags;                                                  \
		errno = 4711;                                                 \
		printf(#function " = %s",                                     \
		       handler_name(function(sig, (sighandler_t)handler)));   \
		printf(" %s\n", error_name());                                \
	}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
BY(signal)
BY(bsd_signal)
BY(ssignal)
BY(sysv_signal)
BY(__sysv_signal)
BY(sigset)

static void by_sigignore(int sig, void *handler, unsigned int flags)
{
	(void)handler, (void)flags;
	DO(sigignore(sig));
}

static void by_siginterrupt(int sig, void *handler, unsigned int flags)
{
	DO(siginterrupt(sig, flags & SA_RESTART ? 0 : 1));
	by_signal(sig, handler, 0);
	write_action("  between", sig);
	DO(siginterrupt(sig, flags & SA_RESTART ? 1 : 0));
}

struct way {
	const char *name;
	void (*install)(int sig, void *handler, unsigned int flags);
	void *handler;
	unsigned int flags;
};

static const struct way ways[] = {
	{"nothing", NULL, NULL, 0},
	{"sigaction", by_sigaction, (void *)plain, 0},
	{"with info", by_sigaction, (void *)with_info, SA_SIGINFO},
	{"escaping", by_sigaction, (void *)escaping, SA_SIGINFO},
	{"escaping, on stack", by_sigaction, (void *)escaping,
	 SA_SIGINFO | SA_ONSTACK},
	{"escaping, nodefer", by_sigaction, (void *)escaping,
	 SA_SIGINFO | SA_NODEFER},
	{"escaping once", by_sigaction, (void *)escaping,
	 SA_SIGINFO | SA_RESETHAND},
	{"once, nodefer, on stack", by_sigaction, (void *)with_info,
	 SA_SIGINFO | SA_RESETHAND | SA_NODEFER | SA_ONSTACK},
	{"repairing", by_sigaction, (void *)repairing, SA_SIGINFO},
	{"restart", by_sigaction, (void *)with_info, SA_SIGINFO | SA_RESTART},
	{"full mask", by_full_mask, (void *)escaping, SA_SIGINFO},
	{"all flags", by_all_flags, (void *)escaping, SA_SIGINFO},
	{"sigaction, ignored", by_sigaction, (void *)SIG_IGN, SA_NODEFER},
	{"sigaction, default", by_sigaction, (void *)SIG_DFL, SA_RESETHAND},
	{"sigaction, error", by_sigaction, (void *)SIG_ERR, 0},
	{"signal", by_signal, (void *)plain, 0},
	{"signal, ignored", by_signal, (void *)SIG_IGN, 0},
	{"signal, default", by_signal, (void *)SIG_DFL, 0},
	{"signal, error", by_signal, (void *)SIG_ERR, 0},
	{"bsd_signal", by_bsd_signal, (void *)plain, 0},
	{"ssignal", by_ssignal, (void *)plain, 0},
	{"sysv_signal", by_sysv_signal, (void *)plain, 0},
	{"sysv_signal, error", by_sysv_signal, (void *)SIG_ERR, 0},
	{"__sysv_signal", by___sysv_signal, (void *)plain, 0},
	{"sigset", by_sigset, (void *)plain, 0},
	{"sigset, hold", by_sigset, (void *)SIG_HOLD, 0},
	{"sigset, ignored", by_sigset, (void *)SIG_IGN, 0},
	{"sigset, error", by_sigset, (void *)SIG_ERR, 0},
	{"sigignore", by_sigignore, NULL, 0},
	{"siginterrupt", by_siginterrupt, (void *)plain, 0},
	{"siginterrupt off", by_siginterrupt, (void *)plain, SA_RESTART},
};
#define N_WAYS (sizeof(ways) / sizeof(*ways))

static const struct way *way;

/* All that asks and changes, with the window before, between and behind. */
static void dispositions_of(int sig)
{
	for (size_t i = 0; i < N_WAYS; i++) {
		printf("-- %s\n", ways[i].name);
		if (i == N_WAYS / 2)
			window_here();
		if (ways[i].install)
			ways[i].install(sig, ways[i].handler, ways[i].flags);
		write_action("  now", sig);
	}
}

static void dispositions(void)
{
	dispositions_of(SIGBUS);
	dispositions_of(SIGSEGV);
	dispositions_of(SIGUSR2);
	dispositions_of(SIGKILL);
	dispositions_of(0);
	dispositions_of(65);
}

static void install_and_look(void *arg)
{
	int sig = *(const int *)arg;

	if (way->install)
		way->install(sig, way->handler, way->flags);
	window_here();
	write_action("  now", sig);
	by_signal(sig, (void *)plain_other, 0);
	write_action("  then", sig);
}

static void each_disposition(void)
{
	int sig = SIGBUS;

	for (way = ways; way < ways + N_WAYS; way++) {
		printf("-- %s\n", way->name);
		in_child(install_and_look, &sig);
	}
}

/* Ways to get a signal */

static void lay_out(void)
{
	int fd = make_file(2, O_RDWR);

	room = make_room();
	mmap(room, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	mmap(room + 4 * PAGE, PAGE, PROT_READ,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (ftruncate(fd, PAGE))
		_exit(4);
	close(fd);
}

static void beyond_the_file(void)
{
	*(volatile char *)(room + 2 * PAGE + 5) = 1;
}

static void where_the_file_was(void)
{
	(void)*(volatile char *)(room + PAGE + 9);
}

static void not_mapped(void)
{
	*(volatile char *)(room + 6 * PAGE + 3) = 1;
}

static void not_allowed(void)
{
	*(volatile char *)(room + 4 * PAGE + 3) = 1;
}

static void not_canonical(void)
{
	(void)*(volatile char *)(1UL << 60);
}

static void killed_bus(void)
{
	DO(kill(getpid(), SIGBUS));
}

static void raised_bus(void)
{
	DO(raise(SIGBUS));
}

static void queued_bus(void)
{
	DO(sigqueue(getpid(), SIGBUS, (union sigval){.sival_int = 42}));
}

static void thread_bus(void)
{
	DO(pthread_kill(pthread_self(), SIGBUS));
}

static void raised_segv(void)
{
	DO(raise(SIGSEGV));
}

static void blocked_bus(void)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	DO(sigprocmask(SIG_BLOCK, &set, NULL));
	DO(raise(SIGBUS));
	DO(sigpending(&pending));
	write_set(&pending);
	DO(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

/* A fault that is blocked cannot be held back. */
static void blocked_fault(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fflush(stdout);
	beyond_the_file();
}

static const struct event {
	const char *name;
	int sig;
	void (*happen)(void);
} events[] = {
	{"beyond the file", SIGBUS, beyond_the_file},
	{"where the file was", SIGBUS, where_the_file_was},
	{"killed", SIGBUS, killed_bus},
	{"raised", SIGBUS, raised_bus},
	{"queued", SIGBUS, queued_bus},
	{"to the thread", SIGBUS, thread_bus},
	{"blocked", SIGBUS, blocked_bus},
	{"blocked fault", SIGBUS, blocked_fault},
	{"not mapped", SIGSEGV, not_mapped},
	{"not allowed", SIGSEGV, not_allowed},
	{"not canonical", SIGSEGV, not_canonical},
	{"raised", SIGSEGV, raised_segv},
};

static void happen(void *arg)
{
	const struct event *event = arg;
	const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

	/* What is written must be there when the process dies. */
	setvbuf(stdout, NULL, _IONBF, 0);
	lay_out();
	sigaltstack(&alternate, NULL);
	if (way->install)
		way->install(event->sig, way->handler, way->flags);
	window_here();
	for (volatile int i = 0; i < 2; i++) {
		if (!sigsetjmp(escape, 1))
			event->happen();
		printf("  lived on, after %d\n", calls);
		write_action("  now", event->sig);
	}
}

static void signals(void)
{
	for (size_t e = 0; e < sizeof(events) / sizeof(*events); e++) {
		for (way = ways; way < ways + N_WAYS; way++) {
			/* A jump to -1 is nothing to compare. */
			if (way->handler == (void *)SIG_ERR)
				continue;
			printf("-- %s, %s\n", events[e].name, way->name);
			in_child(happen, (void *)&events[e]);
		}
	}
}

/* Waiting for it */

static void waiting(void)
{
	const struct timespec none = {0}, long_time = {.tv_sec = 60};
	struct signalfd_siginfo got = {0};
	siginfo_t info = {0};
	int sig = 0, fd;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	DO(sigprocmask(SIG_BLOCK, &set, NULL));
	DO(kill(getpid(), SIGBUS));
	window_here();
	DO(sigwait(&set, &sig));
	DO(sigtimedwait(&set, &info, &none));
	DO(sigqueue(getpid(), SIGBUS, (union sigval){.sival_int = 7}));
	DO(sigtimedwait(&set, &info, &long_time));
	printf("%d, %d %d %d\n", sig, info.si_signo, info.si_code, info.si_int);
	DO(raise(SIGBUS));
	DO(sigwaitinfo(&set, NULL));
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	DO(read(fd, &got, sizeof(got)));
	DO(raise(SIGBUS));
	DO(read(fd, &got, sizeof(got)));
	printf("%d %d\n", got.ssi_signo, got.ssi_code);
	close(fd);
	DO(signal(SIGBUS, SIG_IGN) == SIG_DFL);
	DO(raise(SIGBUS));
	DO(sigpending(&set));
	write_set(&set);
	DO(sigprocmask(SIG_UNBLOCK, &set, NULL));
	write_action("now", SIGBUS);
}

/* Calls that it interrupts */

static pthread_t main_thread;
static int fds[2];

/* Until the main thread sleeps in read(), or has come back from it. */
static volatile int done;

static void wait_for_sleep(void)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", getpid());
	for (int i = 0; i < 5000 && !done; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		close(fd);
		text[n > 0 ? n : 0] = 0;
		if (!strncmp(text, "0 ", 2))
			return;
		usleep(1000);
	}
}

static void *send_bus(void *arg)
{
	wait_for_sleep();
	pthread_kill(main_thread, SIGBUS);
	for (int i = 0; i < 5000 && !calls && !done; i++)
		usleep(1000);
	wait_for_sleep();
	return (void *)(write(fds[1], "x", 1) - (arg != NULL));
}

static void interrupted(void *arg)
{
	pthread_t thread;
	sigset_t set;
	char byte;

	(void)arg;
	if (way->install)
		way->install(SIGBUS, way->handler, way->flags);
	window_here();
	main_thread = pthread_self();
	sigfillset(&set);
	if (pipe(fds) || pthread_create(&thread, NULL, send_bus, NULL))
		_exit(5);
	DO(read(fds[0], &byte, 1));
	done = 1;
	pthread_join(thread, NULL);
	printf("%d calls\n", calls);
}

static void interrupting(void)
{
	for (way = ways; way < ways + N_WAYS; way++) {
		/* Those that it kills, or that nobody tells of it */
		if (way->handler == (void *)SIG_ERR ||
		    way->handler == (void *)SIG_DFL || !way->handler ||
		    way->handler == (void *)SIG_IGN ||
		    way->handler == (void *)SIG_HOLD)
			continue;
		printf("-- %s\n", way->name);
		in_child(interrupted, NULL);
	}
}

const struct section signal_sections[] = {
	{"dispositions", dispositions}, {"each disposition", each_disposition},
	{"signals", signals},		{"waiting", waiting},
	{"interrupting", interrupting}, {NULL, NULL},
};
