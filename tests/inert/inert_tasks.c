/* SPDX-License-Identifier: MIT */
/* Processes, threads and libraries. */
#include "inert/inert.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int sig)
{
	printf("handler of %d\n", sig);
}

static void write_status(pid_t pid)
{
	int status = 0;

	DO(waitpid(pid, &status, 0) == pid);
	printf("status %#x\n", status);
}

/* Children */

static void child_of_fork(void *arg)
{
	char *memory = arg;

	write_action("in the child", SIGBUS);
	memory[0]++;
	DO(mprotect(memory, PAGE, PROT_READ));
	DO(munmap(memory, PAGE));
	raise(SIGBUS);
	DO(signal(SIGBUS, SIG_DFL) == handler);
	raise(SIGBUS);
}

static void forking(void)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
	char *memory = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	setvbuf(stdout, NULL, _IONBF, 0);
	DO(sigaction(SIGBUS, &act, NULL));
	for (int i = 0; i < 20; i++) {
		if (i == 10)
			window_here();
		in_child(child_of_fork, memory);
	}
	printf("%d\n", memory[0]);
	write_action("in the parent", SIGBUS);
}

/* What a child of vfork() changes is its own, memory apart. */
static void changing_vfork(void (*first)(int))
{
	struct sigaction act = {.sa_handler = SIG_DFL}, old = {0};
	static volatile int before, during;
	pid_t pid;

	DO(signal(SIGBUS, first) == SIG_ERR);
	pid = vfork();
	if (pid == 0) {
		sigaction(SIGBUS, &act, &old);
		before = old.sa_handler == first;
		sigaction(SIGBUS, NULL, &old);
		during = old.sa_handler == SIG_DFL;
		execl(self_program, self_program, "again", NULL);
		_exit(1);
	}
	write_status(pid); /* first, as it writes too */
	printf("vfork: %d %d\n", before, during);
	write_action("in the parent", SIGBUS);
}

static void vforking(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	changing_vfork(handler);
	window_here();
	changing_vfork(handler);
	changing_vfork(SIG_IGN);
	changing_vfork(SIG_DFL);
}

static void spawn(short flags, int sig)
{
	char *argv[] = {(char *)self_program, (char *)"again", NULL};
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t pid;
	int err;

	sigemptyset(&set);
	sigaddset(&set, sig);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, flags);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setsigmask(&attr, &set);
	printf("-- spawn, %#x, %d\n", flags, sig);
	err = posix_spawn(&pid, self_program, NULL, &attr, argv, environ);
	write_status(pid); /* first, as it writes too */
	printf("posix_spawn: %d\n", err);
	write_action("in the parent", SIGBUS);
	posix_spawnattr_destroy(&attr);
}

static void spawning(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGBUS, handler);
	signal(SIGUSR1, SIG_IGN);
	spawn(0, SIGBUS);
	window_here();
	spawn(0, SIGBUS);
	spawn(POSIX_SPAWN_SETSIGDEF, SIGBUS);
	spawn(POSIX_SPAWN_SETSIGDEF, SIGUSR1);
	spawn(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK, SIGBUS);
	spawn(POSIX_SPAWN_USEVFORK | POSIX_SPAWN_SETPGROUP, SIGBUS);
	printf("system: %d\n", system("echo of a shell; exit 7"));
}

static int in_clone(void *arg)
{
	struct sigaction old;

	(void)arg;
	sigaction(SIGBUS, NULL, &old);
	return old.sa_handler == handler ? 11 : 12;
}

static void cloning(void)
{
	static char stack[65536];
	pid_t pid;

	signal(SIGBUS, handler);
	window_here();
	write_status(clone(in_clone, stack + sizeof(stack), SIGCHLD, NULL));
	write_status(clone(in_clone, stack + sizeof(stack),
			   CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	pid = _Fork();
	if (pid == 0)
		_exit(in_clone(NULL));
	write_status(pid);
	/* With the parent's handlers shared, as only threads have them */
	pid = clone(in_clone, stack + sizeof(stack),
		    CLONE_VM | CLONE_SIGHAND | CLONE_VFORK | SIGCHLD, NULL);
	write_status(pid);
}

/* The order in which handlers of fork() come */
static void prepare_1(void)
{
	printf("prepare 1\n");
}

static void prepare_2(void)
{
	void *at = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("prepare 2\n");
	DO(mprotect(at, PAGE, PROT_READ));
	DO(munmap(at, PAGE));
}

static void parent_1(void)
{
	printf("parent 1\n");
}

static void child_1(void)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("child 1, blocked:");
	write_set(&mask);
	putchar('\n');
}

static void fork_handlers(void)
{
	pthread_atfork(prepare_1, parent_1, child_1);
	pthread_atfork(prepare_2, prepare_2, prepare_2);
	in_child(child_of_fork,
		 mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	window_here();
	in_child(child_of_fork,
		 mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* Threads */

static __thread long own = 5;
static pthread_barrier_t barrier;

static void *live(void *arg)
{
	char *at = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	own += (long)arg;
	at[PAGE] = 1;
	pthread_barrier_wait(&barrier);
	if (mprotect(at, PAGE, PROT_NONE) || munmap(at, 4 * PAGE))
		return NULL;
	return (void *)own;
}

static void threads(void)
{
	pthread_t thread[200];
	long sum = 0;

	pthread_barrier_init(&barrier, NULL, 201);
	for (long i = 0; i < 200; i++)
		DO(pthread_create(&thread[i], NULL, live, (void *)i));
	write_threads();
	window_here();
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 200; i++) {
		void *ret;

		pthread_join(thread[i], &ret);
		sum += (long)ret;
	}
	printf("%ld %ld\n", sum, own);
}

static void clean_up(void *arg)
{
	printf("cleaned up, %d\n", munmap(arg, PAGE));
}

static void *sleep_long(void *arg)
{
	char *at = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int old;

	pthread_setcanceltype(arg ? PTHREAD_CANCEL_ASYNCHRONOUS
				  : PTHREAD_CANCEL_DEFERRED,
			      &old);
	pthread_cleanup_push(clean_up, at);
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	pthread_cleanup_pop(1);
	return NULL;
}

static void cancelling(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		void *ret;
		int err;

		if (i == 10)
			window_here();
		pthread_create(&thread, NULL, sleep_long,
			       i & 1 ? (void *)"at once" : NULL);
		pthread_barrier_wait(&barrier);
		err = pthread_cancel(thread);
		pthread_join(thread, &ret); /* first, as it writes too */
		printf("%d %d\n", err, ret == PTHREAD_CANCELED);
	}
}

/* Another user, which libc tells all threads by a signal */
static void *wait_and_ask(void *arg)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	*(long *)arg = syscall(SYS_geteuid);
	return NULL;
}

static void becoming_nobody(void)
{
	pthread_t thread;
	long user = -1;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, wait_and_ask, &user);
	pthread_barrier_wait(&barrier);
	window_here();
	DO(setgid(65534));
	DO(setuid(65534));
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	printf("%ld %d\n", user, geteuid());
	DO(munmap(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		  PAGE));
	write_action("now", SIGBUS);
	in_child(child_of_fork,
		 mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* Libraries */

static void opening(void)
{
	const char *path = getenv("INERT_PLUGIN");

	if (!path)
		abort();
	for (int i = 0; i < 6; i++) {
		void *library = dlopen(path, i & 1 ? RTLD_NOW : RTLD_LAZY);
		int (*works)(void);

		DO(library != NULL);
		if (i == 3)
			window_here();
		if (!library)
			continue;
		*(void **)&works = dlsym(library, "plugin_works");
		printf("works: %d\n", works ? works() : -1);
		DO(dlsym(library, "no such") != NULL);
		printf("%d\n", dlerror() != NULL);
		DO(dlclose(library));
		DO(dlopen(path, RTLD_NOLOAD | RTLD_NOW) != NULL);
	}
	dlerror();
	DO(dlopen("/no/such/library", RTLD_NOW) != NULL);
	DO(dlopen("libm.so.6", RTLD_NOW) != NULL);
	DO(dlsym(RTLD_DEFAULT, "mmap") != NULL);
	DO(dlsym(RTLD_DEFAULT, "windows_lock") != NULL);
	printf("%s\n", dlerror() ? "an error" : "none");
}

/* A heap that comes and goes */
static void allocating(void)
{
	static char *blocks[2000];
	size_t sum = 0;

	for (int round = 0; round < 20; round++) {
		if (round == 10)
			window_here();
		for (size_t i = 0; i < 2000; i++) {
			size_t size = (i * 7919 + (size_t)round) % 300000 + 1;

			blocks[i] = realloc(blocks[i], size);
			blocks[i][size - 1] = (char)i;
			sum += (unsigned char)blocks[i][size - 1];
		}
		for (size_t i = 0; i < 2000; i += 3) {
			free(blocks[i]);
			blocks[i] = NULL;
		}
	}
	printf("%zu\n", sum);
}

const struct section task_sections[] = {
	{"fork", forking},
	{"vfork", vforking},
	{"posix_spawn", spawning},
	{"clone", cloning},
	{"pthread_atfork", fork_handlers},
	{"threads", threads},
	{"pthread_cancel", cancelling},
	{"setuid", becoming_nobody},
	{"dlopen", opening},
	{"malloc", allocating},
	{NULL, NULL},
};
