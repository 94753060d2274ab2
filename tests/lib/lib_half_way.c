/* SPDX-License-Identifier: MIT */
/*
 * mshare() and mshare_fd() that fail half-way: the caller's memory is as it
 * was, and nothing is left in the mount.
 */
#include "lib/lib_common.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)

static int create(void)
{
	return mshare("half", HERE, GIB, O_CREAT | O_RDWR, 0600);
}

/* Memory that is recognised: it can be written, but for a part. */
static char *prepare(void)
{
	char *at = memory_here();

	CHILD_ASSERT(at != NULL);
	strcpy(at, "as it was");
	strcpy(at + 4 * MIB, "read-only");
	CHILD_ASSERT(!mprotect(at + 4 * MIB, 4 * MIB, PROT_READ));
	return at;
}

static bool as_it_was(void)
{
	return !strcmp(HERE, "as it was") && !try_write(HERE, 'a').signal &&
	       !strcmp(HERE + 4 * MIB, "read-only") &&
	       try_write(HERE + 4 * MIB, 'r').code == SEGV_ACCERR &&
	       mount_is_empty();
}

/* More than the pool, or than the machine, has */
static void too_much(void *arg)
{
	const size_t size = (size_t)1 << 44;
	char *at = mmap((void *)((uintptr_t)1 << 45), size, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE,
			-1, 0);

	(void)arg;
	if (at == MAP_FAILED)
		_exit(77);
	strcpy(at, "kept");
	CHILD_ASSERT(refuses(mshare("big", at, size, O_CREAT | O_RDWR, 0600),
			     ENOMEM, "huge pages"));
	CHILD_ASSERT(refuses(mshare_fd(at, size, 0), ENOMEM, "huge pages"));
	CHILD_ASSERT(!strcmp(at, "kept") && !try_write(at, 'K').signal);
	CHILD_ASSERT(mount_is_empty());
}

static void no_memory(void)
{
	int status = in_child(too_much, NULL);

	if (status == 77)
		skip_test("there is no room for 16 TiB of addresses");
	CU_ASSERT(status == 0 || status == 77);
}

/* No addresses left for the window in which the copy is made */
static void narrow(void *arg)
{
	struct rlimit limit = {3 * GIB, RLIM_INFINITY};

	(void)arg;
	prepare();
	limit.rlim_cur = GIB + GIB / 2;
	CHILD_ASSERT(!setrlimit(RLIMIT_AS, &limit));
	CHILD_ASSERT(refuses(create(), ENOMEM, "address space"));
	CHILD_ASSERT(as_it_was());
	limit.rlim_cur = RLIM_INFINITY;
	CHILD_ASSERT(!setrlimit(RLIMIT_AS, &limit) && !create());
	CHILD_ASSERT(!strcmp(HERE, "as it was") && !mshare_unlink("half"));
}

static void no_addresses(void)
{
	CU_ASSERT(in_child(narrow, NULL) == 0);
}

static void cut_short(void *arg)
{
	int file = memfd_create("file", 0);

	(void)arg;
	prepare();
	CHILD_ASSERT(!ftruncate(file, (off_t)(4 * MIB)));
	CHILD_ASSERT(mmap(HERE + 512 * MIB, 4 * MIB, RW, MAP_SHARED | MAP_FIXED,
			  file, 0) != MAP_FAILED);
	CHILD_ASSERT(!ftruncate(file, 4096));
	CHILD_ASSERT(refuses(create(), EFAULT, "cut short"));
	CHILD_ASSERT(refuses(mshare_fd(HERE, GIB, 0), EFAULT, "cut short"));
	CHILD_ASSERT(as_it_was());
	CHILD_ASSERT(try_read(HERE + 514 * MIB).signal == SIGBUS);
}

static void unreadable(void)
{
	CU_ASSERT(in_child(cut_short, NULL) == 0);
}

/* The very last step: the window is there, and cannot be opened up. */
static void last_step(void *arg)
{
	(void)arg;
	prepare();
	refuse_call(SYS_mprotect, 0, (uint64_t)HERE, 2, RW, ENOMEM);
	CHILD_ASSERT(refuses(create(), ENOMEM, "half"));
	CHILD_ASSERT(as_it_was());
	CHILD_ASSERT(refuses(mshare_fd(HERE, GIB, 0), ENOMEM, "pages"));
	CHILD_ASSERT(as_it_was());
}

static void too_late(void)
{
	CU_ASSERT(in_child(last_step, NULL) == 0);
}

/* And then the memory itself cannot be made as it was. */
static void beyond_repair(void *arg)
{
	(void)arg;
	CHILD_ASSERT(memory_here());
	strcpy(HERE + 4 * MIB, "the rest");
	CHILD_ASSERT(!mprotect(HERE, 4 * MIB, PROT_READ | PROT_EXEC));
	refuse_call(SYS_mprotect, 0, (uint64_t)HERE, 2, PROT_READ | PROT_EXEC,
		    ENOMEM);
	/* read-only, so its window is opened up in the same way */
	CHILD_ASSERT(
		refuses(mshare("half", HERE, GIB, O_CREAT | O_RDONLY, 0600),
			ENOTRECOVERABLE, "is lost"));
	CHILD_ASSERT(!strcmp(HERE + 4 * MIB, "the rest") && mount_is_empty());
}

static void lost(void)
{
	CU_ASSERT(in_child(beyond_repair, NULL) == 0);
}

/* A signal while memory is being filled */
static void on_alarm(int sig)
{
	(void)sig;
}

static void interrupted(void *arg)
{
	const size_t size = 4 * GIB;
	struct itimerval soon = {.it_value = {.tv_usec = 20000},
				 .it_interval = {.tv_usec = 20000}};
	struct sigaction act = {.sa_handler = on_alarm};
	char *at = mmap(HERE, size, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE,
			-1, 0);

	(void)arg;
	CHILD_ASSERT(at == HERE);
	strcpy(at, "kept");
	sigaction(SIGALRM, &act, NULL);
	CHILD_ASSERT(!setitimer(ITIMER_REAL, &soon, NULL));
	CHILD_ASSERT(refuses(mshare("slow", at, size, O_CREAT | O_RDWR, 0600),
			     EINTR, "signal"));
	CHILD_ASSERT(refuses(mshare_fd(at, size, 0), EINTR, "signal"));
	CHILD_ASSERT(!strcmp(at, "kept") && !try_write(at, 'K').signal);
	CHILD_ASSERT(mount_is_empty());
}

static void by_signal(void)
{
	CU_ASSERT(in_child(interrupted, NULL) == 0);
}

static void hide_proc(void *arg)
{
	(void)arg;
	prepare();
	if (!own_namespace(CLONE_NEWNS) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		_exit(77);
	CHILD_ASSERT(refuses(create(), EOPNOTSUPP, "/proc/self/maps"));
	CHILD_ASSERT(as_it_was());
}

static void no_proc(void)
{
	int status = in_child(hide_proc, NULL);

	if (status == 77)
		skip_test("mounting is refused here, in a namespace too");
	CU_ASSERT(status == 0 || status == 77);
}

/* Two at once, of one name: one of them has it, whole. */
static void racing(int go, int i)
{
	char byte, text[16];
	char *at = memory_here();

	CHILD_ASSERT(at != NULL);
	snprintf(text, sizeof(text), "of %d", i);
	strcpy(at, text);
	CHILD_ASSERT(read(go, &byte, 1) == 0);
	if (mshare("race", at, GIB, O_CREAT | O_RDWR, 0600)) {
		CHILD_ASSERT(errno == EEXIST && !strcmp(at, text));
		CHILD_ASSERT(!try_write(at, 'o').signal);
		_exit(2);
	}
	CHILD_ASSERT(!strcmp(at, text));
	_exit(0);
}

static void at_once(void)
{
	int go[2], status, won = 0, refused = 0;

	CU_ASSERT_FATAL(!pipe(go));
	fflush(NULL);
	for (int i = 0; i < 3; i++)
		if (!fork()) {
			close(go[1]);
			racing(go[0], i);
		}
	close(go[0]);
	close(go[1]);
	while (wait(&status) > 0) {
		won += status == 0;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 2;
		if (won + refused == 3)
			break;
	}
	CU_ASSERT(won == 1 && refused == 2);
	CU_ASSERT(!mshare("race", HERE, GIB, O_RDWR, 0));
	CU_ASSERT(!strncmp(HERE, "of ", 3));
	CU_ASSERT(!mshare_unlink("race") && mount_is_empty());
}

static const struct test tests[] = {
	{"no memory", no_memory},
	{"unreadable", unreadable},
	{"too late", too_late},
	{"lost", lost},
	{"by a signal", by_signal},
	{"no /proc", no_proc},
	{"at once", at_once},
	{"no addresses", no_addresses}, /* the last */
};

int main(void)
{
	before_tests = use_mount;
	/* AddressSanitizer needs terabytes of addresses. */
	return run_mount_tests("lib_half_way", NULL, tests,
			       N_TESTS(tests) - SANITIZED);
}
