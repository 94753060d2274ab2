/* SPDX-License-Identifier: MIT */
/* Tests the calls of libmshare with threads, fork() and exec(). */
#include "lib/lib_common.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 8
#define ROUNDS 15

static size_t page;

static void *own_regions(void *arg)
{
	char text[32];

	for (int i = 0; i < ROUNDS; i++) {
		int fd = mshare_create(MSHARE_CLOEXEC);
		char *at;

		CHILD_ASSERT(fd >= 0 && !ftruncate(fd, (off_t)GIB));
		CHILD_ASSERT(!mshare_map(fd, 0, page, RW, MSHARE_LAZY));
		at = mshare_attach(fd, 0, 0, NULL, 0);
		CHILD_ASSERT(at != MAP_FAILED);
		snprintf(text, sizeof(text), "%p %d", arg, i);
		strcpy(at, text);
		CHILD_ASSERT(refuses(mshare_unmap(fd, 1, page), EINVAL, "pag"));
		CHILD_ASSERT(!strcmp(at, text));
		CHILD_ASSERT(!mshare_detach(at, GIB));
		close(fd);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_FATAL(!pthread_create(&thread[i], NULL, own_regions,
						(void *)(intptr_t)i));
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT(!pthread_join(thread[i], NULL));
}

/* Makes windows of one region while it changes. */
static atomic_bool stop;
static int shared_fd;

static void *attach_again(void *arg)
{
	while (!atomic_load(&stop)) {
		char *at = mshare_attach(shared_fd, 0, 0, NULL, 0);

		CHILD_ASSERT(at != MAP_FAILED && at[page] == 's');
		CHILD_ASSERT(!mshare_detach(at, 0));
	}
	return arg;
}

static void changes_and_windows(void)
{
	pthread_t thread[2];
	char *at;

	shared_fd = mshare_fd(NULL, GIB, MSHARE_CLOEXEC);
	CU_ASSERT_FATAL(!mshare_map(shared_fd, 0, 2 * page, RW, 0));
	at = mshare_attach(shared_fd, 0, 0, NULL, 0);
	at[page] = 's';
	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, attach_again, NULL);
	for (int i = 0; i < 50; i++) {
		const int prot = i % 2 ? RW : PROT_READ;

		CU_ASSERT(!mshare_protect(shared_fd, 0, page, prot));
		CU_ASSERT(!try_write(at, 'x').signal == (prot == RW));
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	CU_ASSERT(!mshare_detach(at, 0));
	close(shared_fd);
}

/* The child has its parent's windows, and can make calls itself. */
static void child_of(void *arg)
{
	char *at = arg;
	int fd;

	CHILD_ASSERT(*at == 'f');
	CHILD_ASSERT(try_read(at + 8 * page).code == SEGV_MAPERR);
	*at = 'c';
	CHILD_ASSERT(!mshare_detach(at, 0));
	fd = mshare_create(0);
	CHILD_ASSERT(fd >= 0 && !ftruncate(fd, (off_t)GIB));
	CHILD_ASSERT(!mshare_map(fd, 0, page, RW, 0));
	at = mshare_attach(fd, 0, 0, NULL, 0);
	CHILD_ASSERT(at != MAP_FAILED && !*at);
}

static void forks(void)
{
	int fd = mshare_fd(NULL, GIB, MSHARE_CLOEXEC);
	char *at;

	CU_ASSERT_FATAL(!mshare_map(fd, 0, page, RW, 0));
	at = mshare_attach(fd, 0, 0, NULL, 0);
	*at = 'f';
	CU_ASSERT(in_child(child_of, at) == 0 && *at == 'c');
	CU_ASSERT(!mshare_detach(at, 0));
	close(fd);
}

static void *fork_now(void *arg)
{
	while (!atomic_load(&stop)) {
		pid_t pid = fork();

		if (pid == 0) {
			/* The child must not inherit a held lock. */
			close(mshare_create(0));
			_exit(says("no call") ? 0 : 1);
		}
		if (pid < 0 || waitpid(pid, (int *)arg, 0) != pid ||
		    *(int *)arg)
			return arg;
	}
	return NULL;
}

/*
 * Children that end send SIGCHLD, and a signal may interrupt the call: then
 * nothing has changed, and it can be made again.
 */
static int donate_again(const char *name)
{
	int err;

	do
		err = mshare(name, HERE, GIB, O_CREAT | O_RDWR, 0600);
	while (err && errno == EINTR);
	return err;
}

static void forks_meanwhile(void)
{
	int status = 0;
	pthread_t thread;
	void *failed;

	atomic_store(&stop, false);
	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, fork_now, &status));
	for (int i = 0; i < 3; i++)
		own_regions(NULL);
	CU_ASSERT_FATAL(memory_here() != NULL);
	CU_ASSERT(!donate_again("m"));
	CU_ASSERT(!mshare_unlink("m"));
	atomic_store(&stop, true);
	pthread_join(thread, &failed);
	CU_ASSERT(!failed && !status);
}

/* A thread cancelled anywhere in the call must leave nothing half done. */
static void *donate_for_ever(void *arg)
{
	for (;;) {
		CHILD_ASSERT(memory_here());
		CHILD_ASSERT(!mshare("c", HERE, GIB, O_CREAT | O_RDWR, 0600));
		CHILD_ASSERT(!mshare_unlink("c"));
		pthread_testcancel();
	}
	return arg;
}

static void cancelled(void)
{
	pthread_t thread;
	void *ret;

	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, donate_for_ever, NULL));
	usleep(100000);
	pthread_cancel(thread);
	CU_ASSERT(!pthread_join(thread, &ret) && ret == PTHREAD_CANCELED);
	CU_ASSERT(mount_is_empty());
	CU_ASSERT(memory_here() && !munmap(HERE, GIB));
}

static void becomes_another(void *arg)
{
	char number[16];
	const char *argv[] = {"/bin/sh", "-c",
			      "exec 2>/dev/null; true <&\"$0\"", number, NULL};

	snprintf(number, sizeof(number), "%d", *(int *)arg);
	execv(argv[0], (char *const *)argv);
}

static void execs(void)
{
	int kept = mshare_fd(NULL, GIB, 0);
	int closed = mshare_fd(NULL, GIB, MSHARE_CLOEXEC);

	CU_ASSERT(in_child(becomes_another, &kept) == 0);
	CU_ASSERT(in_child(becomes_another, &closed) != 0);
	close(kept);
	close(closed);
}

static const struct test tests[] = {
	{"threads", threads},	  {"changes and windows", changes_and_windows},
	{"forks", forks},	  {"forks meanwhile", forks_meanwhile},
	{"cancelled", cancelled}, {"execs", execs},
};

static void begin(void)
{
	use_mount();
	page = mount_page();
}

int main(void)
{
	before_tests = begin;
	return run_mount_tests("lib_tasks", NULL, tests, N_TESTS(tests));
}
