/* SPDX-License-Identifier: MIT */
/*
 * Tests windows that come and go while their region changes: none may miss a
 * change, and nothing may be left of windows that went by munmap(), SIGKILL or
 * exec.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

static uint64_t align, page;
static int fd;

static void begin(void)
{
	fd = region_create("f", align);
	CU_ASSERT_FATAL(fd >= 0);
}

static void end(void)
{
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static int add(uint64_t offset, int prot, int flags)
{
	return region_add_like(fd, offset, page, prot, flags);
}

/*
 * The state of page 0. Versions are even when it is settled, odd while it
 * changes.
 */
enum what {
	HOLE,
	READ_ONLY,
	WRITABLE,
	LAZY,
	WHATS
};

static struct {
	atomic_uint version;
	atomic_int what;
	atomic_bool stop;
	atomic_uint judged; /* accesses that fell into one version */
} * common;

static int become(enum what what)
{
	switch (what) {
	case HOLE:
		return region_unmap_range(fd, 0, page);
	case READ_ONLY:
		return add(0, PROT_READ, 0);
	case WRITABLE:
		return add(0, RW, 0);
	default:
		return add(0, RW, MAP_NORESERVE);
	}
}

static bool is_right(const struct fault *f, enum what what)
{
	switch (what) {
	case HOLE:
		return f->signal == SIGSEGV && f->code == SEGV_MAPERR;
	case READ_ONLY:
		return f->signal == SIGSEGV && f->code == SEGV_ACCERR;
	default:
		return f->signal == 0;
	}
}

/* A write that began and ended in one version must fit its state. */
static void judge(char *window)
{
	unsigned int before = atomic_load(&common->version);
	int what = atomic_load(&common->what);
	struct fault f = try_write(window + 77, 'x');

	if (before % 2 || atomic_load(&common->version) != before)
		return;
	atomic_fetch_add(&common->judged, 1);
	if (!is_right(&f, (enum what)what))
		fprintf(stderr, "state %d: signal %d, code %d\n", what,
			f.signal, f.code);
	CHILD_ASSERT(is_right(&f, (enum what)what));
}

static void inherit(void *window)
{
	judge(window);
}

static void come_and_go(int number)
{
	for (int i = 0; !atomic_load(&common->stop); i++) {
		char *w = region_window(fd, align);

		CHILD_ASSERT(w);
		judge(w);
		judge(w);
		if (number % 3 == 0 && i % 8 == 0)
			CHILD_ASSERT(!in_child(inherit, w));
		if (number % 2)
			CHILD_ASSERT(!munmap(w, align));
		else /* replaced by other memory */
			CHILD_ASSERT(mmap(w, align, PROT_NONE,
					  MAP_PRIVATE | MAP_ANONYMOUS |
						  MAP_FIXED | MAP_NORESERVE,
					  -1, 0) == w &&
				     !munmap(w, align));
	}
}

static void change_all_the_time(int changes)
{
	for (int i = 0; i < changes; i++) {
		enum what next = (enum what)((i * 7 + i / 4) % WHATS);

		atomic_fetch_add(&common->version, 1);
		CU_ASSERT(!become(next));
		atomic_store(&common->what, next);
		atomic_fetch_add(&common->version, 1);
		usleep(i % 5 * 300);
	}
}

static void changed_at_the_same_moment(void)
{
	pid_t children[6];
	int status;

	begin();
	common = mmap(NULL, sizeof(*common), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	for (int i = 0; i < 6; i++) {
		children[i] = fork();
		if (!children[i]) {
			come_and_go(i);
			_exit(0);
		}
	}
	change_all_the_time(1500);
	atomic_store(&common->stop, true);
	for (int i = 0; i < 6; i++)
		CU_ASSERT(waitpid(children[i], &status, 0) == children[i] &&
			  status == 0);
	printf("%u accesses judged\n", atomic_load(&common->judged));
	CU_ASSERT(atomic_load(&common->judged) > 100);
	munmap(common, sizeof(*common));
	end();
}

/*
 * A process stopped half-way delays a change, but not for ever. It does not
 * notice that the daemon closed its connection meanwhile.
 */
static void stopped_half_way(void)
{
	pid_t child;
	int status;

	begin();
	child = fork();
	if (!child)
		for (;;) {
			char *w = region_window(fd, align);

			if (!w || munmap(w, align))
				_exit(1);
		}
	for (int i = 0; i < 3; i++) { /* each may take the 5 s timeout */
		usleep(1000 + 137 * i);
		kill(child, SIGSTOP);
		CU_ASSERT(!add(0, i % 2 ? RW : PROT_READ, 0));
		kill(child, SIGCONT);
	}
	usleep(10000);
	kill(child, SIGKILL);
	CU_ASSERT(waitpid(child, &status, 0) == child);
	CU_ASSERT(WIFSIGNALED(status));
	end();
}

/* The daemon */

static int attach_often(int n)
{
	int good = 0;

	for (int i = 0; i < n; i++) {
		char *w = region_window(fd, align);

		good += w && !munmap(w, align);
	}
	return good;
}

/* Keys of former windows stay valid for some seconds. */
static void wait_for_ghosts(void)
{
	sleep(6);
	attach_often(1); /* and now they are gone */
}

/* The backing makes no difference to the daemon: the long runs use one. */
static int often(void)
{
	const char *backing = getenv("MSHARE_TEST_BACKING");

	return !backing || !strcmp(backing, "memfd") ? 10000 : 1000;
}

static void attach_and_detach(void)
{
	const int n = often();
	int before;
	long memory;

	begin();
	attach_often(100);
	before = daemon_settled_fds();
	CU_ASSERT(attach_often(n) == n);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	if (n < 10000) {
		end();
		return;
	}
	wait_for_ghosts();
	memory = daemon_kib("RssAnon");
	CU_ASSERT(attach_often(n) == n);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	wait_for_ghosts();
	printf("the daemon: %ld KiB, after %d more windows %ld KiB\n", memory,
	       n, daemon_kib("RssAnon"));
#ifndef __SANITIZE_ADDRESS__ /* which delays freeing */
	CU_ASSERT(memory > 0 && daemon_kib("RssAnon") < memory + 300);
#endif
	end();
}

static void die_with_windows(void *arg)
{
	char *a = region_window(fd, align), *b = region_window(fd, align);

	(void)arg;
	CHILD_ASSERT(a && b);
	kill(getpid(), SIGKILL);
}

static void killed(void)
{
	int before, good = 0, n = often() / 10;

	begin();
	attach_often(100);
	before = daemon_settled_fds();
	for (int i = 0; i < n; i++)
		good += in_child(die_with_windows, NULL) == 256 + SIGKILL;
	CU_ASSERT(good == n);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	CU_ASSERT(!add(0, PROT_READ, 0));
	end();
}

static pid_t become_sleep(void)
{
	pid_t pid = fork();
	char *w;

	if (pid)
		return pid;
	unsetenv("LD_PRELOAD");
	w = region_window(fd, align);
	if (w)
		execlp("sleep", "sleep", "60", NULL);
	_exit(1);
}

static bool is_sleep(void *arg)
{
	char name[32];

	process_read(*(pid_t *)arg, "comm", name, sizeof(name));
	return !strcmp(name, "sleep\n");
}

/* A process that executed another program lives on, but has no window. */
static void became_another_program(void)
{
	pid_t pids[50];
	int before, status;
	char *w;

	begin();
	attach_often(10);
	w = region_window(fd, align);
	before = daemon_settled_fds();
	for (int i = 0; i < 50; i++)
		pids[i] = become_sleep();
	for (int i = 0; i < 50; i++)
		CU_ASSERT(wait_until(is_sleep, &pids[i]));
	CU_ASSERT(daemon_fds() >= before);
	/* The daemon notices when it changes the windows. */
	CU_ASSERT(!add(0, PROT_READ, 0));
	CU_ASSERT(try_write(w, 1).code == SEGV_ACCERR);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	for (int i = 0; i < 50; i++) {
		kill(pids[i], SIGKILL);
		CU_ASSERT(waitpid(pids[i], &status, 0) == pids[i]);
	}
	CU_ASSERT(!munmap(w, align));
	end();
}

static const struct test tests[] = {
	{"changed at the same moment", changed_at_the_same_moment},
	{"stopped half-way", stopped_half_way},
	{"10,000 times attached and detached", attach_and_detach},
	{"1000 killed", killed},
	{"became another program", became_another_program},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_moments", NULL, tests, N_TESTS(tests));
}
