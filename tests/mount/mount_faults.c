/* SPDX-License-Identifier: MIT */
/*
 * Faults in holes: SIGSEGV at the instruction, whatever the program does with
 * it; EFAULT from system calls; and the program's own SIGBUS left alone.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t align, page;
static int region;
static char *window; /* its first huge page is mapped, the rest are holes */
static char *hole;

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

static void set_up(void)
{
	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0 && !region_add(region, 0, page));
	window = region_window(region, align);
	CU_ASSERT_FATAL(window != NULL);
	hole = window + align / 2 + 12345;
}

static void tear_down(void)
{
	CU_ASSERT(!munmap(window, align));
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

/* Whatever the program does, each test has a region of its own. */
#define WITH_REGION(test)              \
	static void test##_here(void); \
	static void test(void)         \
	{                              \
		set_up();              \
		test##_here();         \
		tear_down();           \
	}                              \
	static void test##_here(void)

WITH_REGION(hole_is_sigsegv)
{
	struct fault f = try_read(hole);

	CU_ASSERT(f.signal == SIGSEGV);
	CU_ASSERT(f.code == SEGV_MAPERR);
	CU_ASSERT(f.addr == hole);
	f = try_write(hole, 1);
	CU_ASSERT(f.signal == SIGSEGV);
	CU_ASSERT(f.code == SEGV_MAPERR);
	CU_ASSERT(f.addr == hole);
	CU_ASSERT(try_write(window, 1).signal == 0);
	CU_ASSERT(try_write(window + page - 1, 1).signal == 0);
	f = try_write(window + page, 1);
	CU_ASSERT(f.signal == SIGSEGV && f.addr == window + page);
	f = try_read(window + align - 1);
	CU_ASSERT(f.signal == SIGSEGV && f.addr == window + align - 1);
}

static void unmap_first_page(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!region_unmap_range(region, 0, page));
}

WITH_REGION(unmapped_by_another)
{
	struct fault f;

	window[5] = 1;
	CU_ASSERT(in_child(unmap_first_page, NULL) == 0);
	f = try_read(window + 5);
	CU_ASSERT(f.signal == SIGSEGV && f.code == SEGV_MAPERR);
	CU_ASSERT(f.addr == window + 5);
	CU_ASSERT(!region_add(region, 0, page));
	CU_ASSERT(try_read(window + 5).signal == 0);
	CU_ASSERT(window[5] == 0);
}

WITH_REGION(a_thousand_times)
{
	int good = 0;

	for (int i = 0; i < 1000; i++) {
		struct fault f = try_write(hole + i * 4097, 1);

		good += f.signal == SIGSEGV && f.addr == hole + i * 4097;
	}
	CU_ASSERT(good == 1000);
}

/* Handlers of all kinds */

static sigjmp_buf escape;
static volatile sig_atomic_t handler_calls;
static char *volatile handler_stack;
static volatile bool other_signal_blocked, own_signal_blocked;

static void note_and_escape(int sig)
{
	char here;
	sigset_t now;

	handler_calls++;
	handler_stack = &here;
	sigprocmask(SIG_BLOCK, NULL, &now);
	other_signal_blocked = sigismember(&now, SIGUSR1);
	own_signal_blocked = sigismember(&now, sig);
	siglongjmp(escape, 1);
}

static void install(int sig, void (*handler)(int), int flags)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = flags};

	sigemptyset(&act.sa_mask);
	if (handler == note_and_escape)
		sigaddset(&act.sa_mask, SIGUSR1);
	sigaction(sig, &act, NULL);
}

static void touch_hole(void)
{
	if (!sigsetjmp(escape, 1))
		*(volatile char *)hole = 1;
}

static void on_alternate_stack(void *arg)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	(void)arg;
	CHILD_ASSERT(!sigaltstack(&ss, NULL));
	install(SIGSEGV, note_and_escape, SA_ONSTACK);
	touch_hole();
	CHILD_ASSERT(handler_calls == 1);
	CHILD_ASSERT(handler_stack >= stack &&
		     handler_stack < stack + sizeof(stack));
	/* and without SA_ONSTACK, not */
	install(SIGSEGV, note_and_escape, 0);
	touch_hole();
	CHILD_ASSERT(handler_calls == 2);
	CHILD_ASSERT(handler_stack < stack ||
		     handler_stack >= stack + sizeof(stack));
}

WITH_REGION(alternate_stack)
{
	CU_ASSERT(in_child(on_alternate_stack, NULL) == 0);
}

static void masks(void *arg)
{
	(void)arg;
	install(SIGSEGV, note_and_escape, 0);
	touch_hole();
	CHILD_ASSERT(handler_calls == 1);
	CHILD_ASSERT(other_signal_blocked && own_signal_blocked);
	install(SIGSEGV, note_and_escape, SA_NODEFER);
	touch_hole();
	CHILD_ASSERT(handler_calls == 2);
	CHILD_ASSERT(other_signal_blocked && !own_signal_blocked);
}

WITH_REGION(handler_masks)
{
	CU_ASSERT(in_child(masks, NULL) == 0);
}

static void reset_hand(void *arg)
{
	(void)arg;
	install(SIGSEGV, note_and_escape, (int)SA_RESETHAND);
	touch_hole();
	CHILD_ASSERT(handler_calls == 1);
	*(volatile char *)hole = 1; /* the default action, now */
}

WITH_REGION(handler_for_once)
{
	CU_ASSERT(in_child(reset_hand, NULL) == 256 + SIGSEGV);
}

/* What the handler does is what a program with a store of its own would do. */
static void map_and_return(int sig)
{
	(void)sig;
	handler_calls++;
	if (region_add(region, (uint64_t)(hole - window) / page * page, page))
		_exit(2);
}

static void repaired(void *arg)
{
	(void)arg;
	install(SIGSEGV, map_and_return, 0);
	*(volatile char *)hole = 42;
	CHILD_ASSERT(handler_calls == 1);
	CHILD_ASSERT(*hole == 42);
}

WITH_REGION(handler_repairs_and_returns)
{
	CU_ASSERT(in_child(repaired, NULL) == 0);
	CU_ASSERT(try_read(hole).signal == 0 && *hole == 42);
}

/* The default action */

static void quiet(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
}

static void die(void *arg)
{
	(void)arg;
	quiet();
	*(volatile char *)hole = 1;
}

static void die_ignoring(void *arg)
{
	signal(SIGSEGV, SIG_IGN);
	die(arg);
}

static void die_blocking(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigprocmask(SIG_BLOCK, &set, NULL);
	die(arg);
}

WITH_REGION(default_action)
{
	CU_ASSERT(in_child(die, NULL) == 256 + SIGSEGV);
	CU_ASSERT(in_child(die_ignoring, NULL) == 256 + SIGSEGV);
	CU_ASSERT(in_child(die_blocking, NULL) == 256 + SIGSEGV);
}

/* Threads */

static __thread sigjmp_buf thread_escape;
static __thread void *thread_addr;

static void thread_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	thread_addr = info->si_addr;
	siglongjmp(thread_escape, 1);
}

static void *fault_in_thread(void *arg)
{
	volatile long good = 0;

	for (volatile int i = 0; i < 200; i++) {
		char *at = (char *)arg + i * 64;

		if (!sigsetjmp(thread_escape, 1))
			*(volatile char *)at = 1;
		else
			good = good + (thread_addr == at);
	}
	return (void *)good;
}

static void many_threads(void *arg)
{
	struct sigaction act = {.sa_sigaction = thread_handler,
				.sa_flags = SA_SIGINFO};
	pthread_t threads[8];

	(void)arg;
	sigaction(SIGSEGV, &act, NULL);
	for (long i = 0; i < 8; i++)
		CHILD_ASSERT(!pthread_create(&threads[i], NULL, fault_in_thread,
					     hole + i * 1000003));
	for (int i = 0; i < 8; i++) {
		void *good;

		pthread_join(threads[i], &good);
		CHILD_ASSERT((long)good == 200);
	}
}

static void *die_in_thread(void *arg)
{
	die(arg);
	return NULL;
}

static void thread_dies(void *arg)
{
	pthread_t thread;

	(void)arg;
	CHILD_ASSERT(!pthread_create(&thread, NULL, die_in_thread, NULL));
	pthread_join(thread, NULL);
}

WITH_REGION(threads)
{
	CU_ASSERT(in_child(many_threads, NULL) == 0);
	CU_ASSERT(in_child(thread_dies, NULL) == 256 + SIGSEGV);
}

/* System calls */

WITH_REGION(efault)
{
	int fds[2];

	CU_ASSERT_FATAL(!pipe(fds));
	CU_ASSERT(write(fds[1], "hello", 5) == 5);
	errno = 0;
	CU_ASSERT(read(fds[0], hole, 5) == -1 && errno == EFAULT);
	CU_ASSERT(read(fds[0], window, 5) == 5);
	CU_ASSERT(!memcmp(window, "hello", 5));
	errno = 0;
	CU_ASSERT(write(fds[1], hole, 5) == -1 && errno == EFAULT);
	close(fds[0]);
	close(fds[1]);
}

/* The program's own SIGBUS */

static char *own_file;

static void map_own_file(void)
{
	int fd = memfd_create("own", MFD_CLOEXEC);

	CHILD_ASSERT(fd >= 0 && !ftruncate(fd, 4096));
	own_file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHILD_ASSERT(own_file != MAP_FAILED && !ftruncate(fd, 0));
	close(fd);
}

static volatile siginfo_t bus_info; /* kill() is thought not to call back */

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	handler_calls++;
	bus_info = *info;
	if (info->si_code > 0)
		siglongjmp(escape, 1);
}

/* A page of the window that failed: as the kernel reports it. */
static void check_memory_failure(void)
{
	siginfo_t info = {.si_signo = SIGBUS, .si_code = BUS_MCEERR_AR};

	info.si_addr = window + 4096;
	handler_calls = 0;
	if (!sigsetjmp(escape, 1))
		syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGBUS,
			&info);
	CHILD_ASSERT(handler_calls == 1);
	CHILD_ASSERT(bus_info.si_code == BUS_MCEERR_AR);
	CHILD_ASSERT(bus_info.si_addr == window + 4096);
}

static void check_own_sigbus(void)
{
	handler_calls = 0;
	if (!sigsetjmp(escape, 1))
		(void)*(volatile char *)(own_file + 7);
	CHILD_ASSERT(handler_calls == 1);
	CHILD_ASSERT(bus_info.si_signo == SIGBUS);
	CHILD_ASSERT(bus_info.si_code == BUS_ADRERR);
	CHILD_ASSERT(bus_info.si_addr == own_file + 7);
	kill(getpid(), SIGBUS);
	CHILD_ASSERT(handler_calls == 2);
	CHILD_ASSERT(bus_info.si_code == SI_USER);
	CHILD_ASSERT(bus_info.si_pid == getpid());
	check_memory_failure();
	/* and holes are still SIGSEGV */
	CHILD_ASSERT(try_read(hole).signal == SIGSEGV);
}

static void bus_handler_after(void *arg)
{
	struct sigaction act = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	struct sigaction old;

	(void)arg;
	map_own_file();
	sigaddset(&act.sa_mask, SIGUSR2);
	CHILD_ASSERT(!sigaction(SIGBUS, NULL, &old));
	CHILD_ASSERT(old.sa_handler == SIG_DFL);
	CHILD_ASSERT(!sigaction(SIGBUS, &act, &old));
	CHILD_ASSERT(old.sa_handler == SIG_DFL);
	check_own_sigbus();
	CHILD_ASSERT(!sigaction(SIGBUS, NULL, &old));
	CHILD_ASSERT(old.sa_sigaction == on_bus);
	CHILD_ASSERT(sigismember(&old.sa_mask, SIGUSR2));
	CHILD_ASSERT(!sigismember(&old.sa_mask, SIGUSR1));
	/* signal() and its relatives see the same */
	CHILD_ASSERT((void *)signal(SIGBUS, SIG_IGN) == (void *)on_bus);
	kill(getpid(), SIGBUS);
	CHILD_ASSERT(signal(SIGBUS, SIG_DFL) == SIG_IGN);
	CHILD_ASSERT(signal(SIGBUS, SIG_ERR) == SIG_ERR && errno == EINVAL);
}

static void bus_handler_before(void *arg)
{
	struct sigaction act = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	struct sigaction old;

	(void)arg;
	/* A program as fresh as after exec: no window yet. */
	sigaction(SIGBUS, &act, NULL);
	window = region_window(region, align);
	CHILD_ASSERT(window);
	hole = window + align / 2;
	map_own_file();
	CHILD_ASSERT(!sigaction(SIGBUS, NULL, &old));
	CHILD_ASSERT(old.sa_sigaction == on_bus);
	check_own_sigbus();
}

static void bus_default(void *arg)
{
	quiet();
	map_own_file();
	if (arg)
		signal(SIGBUS, SIG_IGN); /* a fault cannot be ignored */
	(void)*(volatile char *)own_file;
}

static void bus_killed(void *arg)
{
	(void)arg;
	quiet();
	kill(getpid(), SIGBUS);
	pause();
}

static void bus_once(void *arg)
{
	struct sigaction act = {.sa_sigaction = on_bus,
				.sa_flags = SA_SIGINFO | (int)SA_RESETHAND};
	struct sigaction old;

	(void)arg;
	quiet();
	sigaction(SIGBUS, &act, NULL);
	kill(getpid(), SIGBUS);
	CHILD_ASSERT(handler_calls == 1);
	CHILD_ASSERT(!sigaction(SIGBUS, NULL, &old));
	CHILD_ASSERT(old.sa_handler == SIG_DFL);
	kill(getpid(), SIGBUS);
	pause();
}

WITH_REGION(own_sigbus)
{
	CU_ASSERT(in_child(bus_handler_after, NULL) == 0);
	CU_ASSERT(in_child(bus_default, NULL) == 256 + SIGBUS);
	CU_ASSERT(in_child(bus_default, hole) == 256 + SIGBUS);
	CU_ASSERT(in_child(bus_killed, NULL) == 256 + SIGBUS);
	CU_ASSERT(in_child(bus_once, NULL) == 256 + SIGBUS);
}

/* In a process that never had a window before: the program runs anew. */
static void own_sigbus_before_window(void)
{
	const char *program = getenv("MSHARE_TEST_SELF");
	pid_t pid;
	int status;

	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0 && !region_add(region, 0, page));
	CU_ASSERT_FATAL(program != NULL);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(region, 100);
		execl(program, program, "bus-handler-before", NULL);
		_exit(127);
	}
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

/* Descriptors */

static void close_everything(void *arg)
{
	(void)arg;
	CHILD_ASSERT(!syscall(SYS_close_range, 3U, ~0U, 0));
	CHILD_ASSERT(try_write(window, 1).signal == 0);
	CHILD_ASSERT(try_write(hole, 1).signal == SIGSEGV);
}

/* The same in a process that attached by itself, not by fork(). */
static void attach_and_close_everything(void *arg)
{
	window = region_window(region, align);
	CHILD_ASSERT(window);
	hole = window + align / 2;
	close_everything(arg);
}

WITH_REGION(all_descriptors_closed)
{
	CU_ASSERT(in_child(close_everything, NULL) == 0);
	CU_ASSERT(in_child(attach_and_close_everything, NULL) == 0);
}

static const struct test tests[] = {
	{"a hole is SIGSEGV", hole_is_sigsegv},
	{"unmapped by another", unmapped_by_another},
	{"a thousand times", a_thousand_times},
	{"alternate stack", alternate_stack},
	{"handler masks", handler_masks},
	{"handler for once", handler_for_once},
	{"handler repairs and returns", handler_repairs_and_returns},
	{"default action", default_action},
	{"threads", threads},
	{"EFAULT", efault},
	{"own SIGBUS", own_sigbus},
	{"own SIGBUS before the window", own_sigbus_before_window},
	{"all descriptors closed", all_descriptors_closed},
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bus-handler-before")) {
		region = 100;
		align = (uint64_t)lseek(region, 0, SEEK_END);
		bus_handler_before(NULL);
		return 0;
	}
	setenv("MSHARE_TEST_SELF", argv[0], 1);
	before_tests = look;
	return run_mount_tests("mount_faults", NULL, tests, N_TESTS(tests));
}
