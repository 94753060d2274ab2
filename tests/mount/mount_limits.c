/* SPDX-License-Identifier: MIT */
/*
 * Tests running out of descriptors, in the daemon or in a process. Another
 * window then fails with EMFILE, and everything else keeps working.
 */
#include "harness/calls.h"
#include "common/fdpass.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define MAX_WINDOWS 64

/* Limits of the daemon, which raises the soft one by itself. */
static const struct rlimit few = {.rlim_cur = 32, .rlim_max = 64};

static uint64_t align, page;
static int fd;
static char *windows[MAX_WINDOWS];
static int n_windows;

static void limit_daemon(const char *dir)
{
	(void)dir;
	if (setrlimit(RLIMIT_NOFILE, &few))
		_exit(126);
}

static bool is_hole(const char *byte)
{
	return try_read(byte).signal == SIGSEGV;
}

/* Writes a byte through each window, and reads it through another. */
static bool windows_work(void)
{
	for (int i = 0; i < n_windows; i++) {
		if (try_write(windows[i] + i, (char)i).signal ||
		    windows[n_windows - 1][i] != (char)i)
			return false;
		if (!is_hole(windows[i] + align / 2))
			return false;
	}
	return n_windows > 0;
}

static char *try_window(int of)
{
	return mmap(NULL, align, RW, MAP_SHARED, of, 0);
}

/* Makes windows until the daemon has no descriptors left. */
static void attach_all(void)
{
	char *at = NULL;

	n_windows = 0;
	while (n_windows < MAX_WINDOWS && (at = try_window(fd)) != MAP_FAILED)
		windows[n_windows++] = at;
	CU_ASSERT(MAP_FAILS(at, EMFILE));
	/* Most of the daemon's descriptors must be usable for windows. */
	CU_ASSERT(n_windows >= 10 && n_windows < MAX_WINDOWS);
}

static void detach_all(void)
{
	while (n_windows > 0)
		CU_ASSERT(!munmap(windows[--n_windows], align));
}

static void begin(void)
{
	fd = region_create("f", align);
	CU_ASSERT_FATAL(fd >= 0 && !region_add(fd, 0, page));
}

static void end(void)
{
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* The daemon runs out */

static void raised_at_start(void)
{
	char path[64], line[256];
	unsigned long soft = 0, hard = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/limits", mount_daemon);
	file = fopen(path, "re");
	CU_ASSERT_FATAL(file != NULL);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Max open files %lu %lu", &soft, &hard) == 2)
			break;
	fclose(file);
	CU_ASSERT(soft == few.rlim_max && hard == few.rlim_max);
}

static int add_read_only(uint64_t offset)
{
	return region_add_like(fd, offset, page, PROT_READ, 0);
}

/* Everything but windows works. A region with memory takes two descriptors. */
static void check_all_else(void)
{
	struct stat st;
	int other;

	CU_ASSERT(windows_work());
	CU_ASSERT(!region_add(fd, page, page));
	CU_ASSERT(!try_write(windows[0] + page, 'x').signal);
	CU_ASSERT(windows[n_windows - 1][page] == 'x');
	CU_ASSERT(!add_read_only(2 * page));
	for (int i = 0; i < n_windows; i++)
		CU_ASSERT(try_write(windows[i] + 2 * page, 1).signal ==
			  SIGSEGV);
	CU_ASSERT(!region_unmap_range(fd, page, 2 * page));
	CU_ASSERT(is_hole(windows[0] + page) && is_hole(windows[0] + 2 * page));
	CU_ASSERT(!stat(in_mount("f"), &st) && (uint64_t)st.st_size == align);
	other = open(in_mount("f"), O_RDWR);
	CU_ASSERT(other >= 0 && !close(other));
	other = region_create("g", align);
	CU_ASSERT(other >= 0 && !region_add(other, 0, page));
	CU_ASSERT(MAP_FAILS(try_window(other), EMFILE));
	CU_ASSERT(!close(other) && !unlink(in_mount("g")));
	CU_ASSERT(!mkdir(in_mount("d"), 0700) && !rmdir(in_mount("d")));
}

static void daemon_has_no_more(void)
{
	begin();
	attach_all();
	check_all_else();
	CU_ASSERT(MAP_FAILS(try_window(fd), EMFILE));
	CU_ASSERT(daemon_said("raise the daemon's limit (ulimit -n)"));
	detach_all();
	end();
}

static void after_some_have_gone(void)
{
	int all;

	begin();
	attach_all();
	all = n_windows;
	for (int i = 0; i < 3; i++)
		CU_ASSERT(!munmap(windows[--n_windows], align));
	for (int i = 0; i < 3; i++) {
		windows[n_windows] = try_window(fd);
		CU_ASSERT_FATAL(windows[n_windows++] != MAP_FAILED);
	}
	CU_ASSERT(MAP_FAILS(try_window(fd), EMFILE));
	CU_ASSERT(windows_work());
	detach_all();
	/* No descriptor was lost. */
	attach_all();
	CU_ASSERT(n_windows == all);
	detach_all();
	end();
}

struct result {
	bool attached;
	int err; /* if not attached */
};

/* Reports the result, and keeps the window until told to exit. */
static void attach_and_tell(int tell, int go)
{
	char *at = try_window(fd), byte;
	struct result r = {.attached = at != MAP_FAILED, .err = errno};

	if (r.attached && (try_write(at, 1).signal || !is_hole(at + page)))
		r = (struct result){.err = EFAULT};
	if (write(tell, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(read(go, &byte, 1) != 0);
}

#define CROWD 60

/* All attach at the same time, and connections need descriptors too. */
static void crowd(void)
{
	int tell[2], go[2], attached = 0, status;
	struct result r;

	begin();
	CU_ASSERT_FATAL(!pipe2(tell, O_CLOEXEC) && !pipe2(go, O_CLOEXEC));
	fflush(NULL);
	for (int i = 0; i < CROWD; i++) {
		if (fork() == 0) {
			close(go[1]);
			attach_and_tell(tell[1], go[0]);
		}
	}
	for (int i = 0; i < CROWD; i++) {
		CU_ASSERT(read(tell[0], &r, sizeof(r)) == sizeof(r));
		CU_ASSERT(r.attached || r.err == EMFILE);
		if (!r.attached && r.err != EMFILE)
			printf("%s instead of EMFILE\n",
			       strerrorname_np(r.err));
		attached += r.attached;
	}
	CU_ASSERT(attached >= 10 && attached < CROWD);
	CU_ASSERT(!region_add(fd, page, page));
	close(go[1]);
	for (int i = 0; i < CROWD; i++)
		CU_ASSERT(wait(&status) > 0 && !status);
	close(go[0]);
	close(tell[0]);
	close(tell[1]);
	attach_all();
	detach_all();
	end();
}

/* Maps memory over it that a userfaultfd could protect. */
static char *map_over(char *at)
{
	int memory = memfd_create("other", MFD_CLOEXEC);
	char *got = MAP_FAILED;

	if (memory >= 0 && !ftruncate(memory, (off_t)align))
		got = mmap(at, align, RW, MAP_SHARED | MAP_FIXED, memory, 0);
	close(memory);
	return got;
}

#define MANY 64

/* Regions take all descriptors, so the daemon cannot accept connections. */
static void regions_have_them_all(void)
{
	int fds[MANY], n = 0, err = 0;
	char name[16], *at;

	begin();
	at = try_window(fd);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	while (n < MANY && !err) {
		snprintf(name, sizeof(name), "r%d", n);
		fds[n] = region_create(name, align);
		CU_ASSERT_FATAL(fds[n] >= 0);
		err = region_add(fds[n++], 0, page) ? errno : 0;
	}
	CU_ASSERT(err == EMFILE && n >= 10);
	for (int i = 0; i < 200; i++)
		CU_ASSERT(MAP_FAILS(try_window(fd), EMFILE));
	CU_ASSERT(!try_write(at, 1).signal && is_hole(at + page));
	CU_ASSERT(!region_add(fd, page, page));
	CU_ASSERT(!try_write(at + page, 1).signal);
	/*
	 * munmap() is noticed all the same: a change must not touch other
	 * memory there.
	 */
	if (munmap(at, align)) {
		printf("munmap(): %s\n", strerrorname_np(errno));
		CU_FAIL("a window cannot be given up");
	}
	CU_ASSERT(map_over(at) == at && !add_read_only(0));
	CU_ASSERT(!try_write(at, 1).signal);
	while (n-- > 0) {
		snprintf(name, sizeof(name), "r%d", n);
		CU_ASSERT(!close(fds[n]) && !unlink(in_mount(name)));
	}
	CU_ASSERT(!munmap(at, align));
	end();
	begin();
	attach_all();
	detach_all();
	end();
}

/* A window that the daemon cannot know of is none: protection must hold. */
static void child_inherits(void *arg)
{
	(void)arg;
	for (int i = 0; i < n_windows; i++)
		CHILD_ASSERT(is_hole(windows[i]) && is_hole(windows[i] + page));
	CHILD_ASSERT(MAP_FAILS(try_window(fd), EMFILE));
}

static void fork_beyond_the_limit(void)
{
	begin();
	attach_all();
	CU_ASSERT(!add_read_only(page));
	for (int i = 0; i < 3; i++)
		CU_ASSERT(!in_child(child_inherits, NULL));
	CU_ASSERT(try_write(windows[0] + page, 1).signal == SIGSEGV);
	CU_ASSERT(windows_work());
	detach_all();
	attach_all();
	detach_all();
	end();
}

/* A process runs out */

static int fill_table(int but)
{
	struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
	int spare = dup(0), last = spare, n = 0;

	CHILD_ASSERT(spare >= 0 && !setrlimit(RLIMIT_NOFILE, &limit));
	while ((spare = dup(0)) >= 0) {
		last = spare;
		n++;
	}
	CHILD_ASSERT(errno == EMFILE && n > but);
	/* All are copies of 0, so any will do. */
	for (int i = 0, slot = last; i < but; slot--)
		i += !close(slot);
	return last;
}

static void table_is_full(void *arg)
{
	int left = *(int *)arg;
	char *before = try_window(fd), *at;

	CHILD_ASSERT(before != MAP_FAILED);
	fill_table(left);
	at = try_window(fd);
	/* A window keeps one descriptor, and needs some more to be made. */
	if (at == MAP_FAILED)
		CHILD_ASSERT(errno == EMFILE);
	else
		CHILD_ASSERT(left >= 3 && is_hole(at + align / 2) &&
			     !munmap(at, align));
	CHILD_ASSERT(left < 4 || at != MAP_FAILED);
	CHILD_ASSERT(!try_write(before, 1).signal);
	CHILD_ASSERT(is_hole(before + align / 2));
	CHILD_ASSERT(!region_add(fd, page, page));
	CHILD_ASSERT(!try_write(before + page, 1).signal);
	CHILD_ASSERT(!region_unmap_range(fd, page, page));
	CHILD_ASSERT(is_hole(before + page));
	CHILD_ASSERT(!munmap(before, align) && is_hole(before));
	/* Its descriptor is free again. */
	CHILD_ASSERT(close(dup(0)) == 0);
}

static void process_has_no_more(void)
{
	begin();
	for (int left = 0; left < 6; left++)
		CU_ASSERT(!in_child(table_is_full, &left));
	attach_all();
	CU_ASSERT(windows_work());
	detach_all();
	end();
}

/* After munmap() a change must not touch other memory at those addresses. */
static void unmap_with_full_table(void *arg)
{
	int memory = memfd_create("other", 0);
	char *at = try_window(fd);

	(void)arg;
	CHILD_ASSERT(at != MAP_FAILED && memory >= 0);
	CHILD_ASSERT(!ftruncate(memory, (off_t)align));
	fill_table(0);
	CHILD_ASSERT(!munmap(at, align));
	CHILD_ASSERT(mmap(at, align, RW, MAP_SHARED | MAP_FIXED, memory, 0) ==
		     at);
	CHILD_ASSERT(!add_read_only(0));
	for (uint64_t i = 0; i < 2 * page; i += 4096)
		CHILD_ASSERT(!try_write(at + i, 1).signal);
	CHILD_ASSERT(!try_write(at + align - 1, 1).signal);
}

static void unmapping_with_full_table(void)
{
	begin();
	CU_ASSERT(!in_child(unmap_with_full_table, NULL));
	end();
}

static int hand_over(int sock)
{
	return fdpass_send(sock, "", 1, 0, MSG_DONTWAIT);
}

#define UNDER_WAY 40

/*
 * Keeps descriptors in flight, and receives none, until shortly after it has
 * heard.
 */
_Noreturn static void keep_under_way(int hear, int tell)
{
	const struct timespec moment = {.tv_nsec = 100000000};
	int pair[2], n = 0;
	char byte = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		_exit(1);
	while (n < UNDER_WAY && !hand_over(pair[0]))
		n++;
	if (n < UNDER_WAY || write(tell, &byte, 1) != 1 ||
	    read(hear, &byte, 1) != 1)
		_exit(1);
	nanosleep(&moment, NULL);
	_exit(0);
}

static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void wait_for_turn(void *arg)
{
	struct rlimit limit = {.rlim_cur = UNDER_WAY - 8, .rlim_max = 64};
	time_t start = seconds();
	char *at, byte = 0;
	int pair[2];

	CHILD_ASSERT(!setrlimit(RLIMIT_NOFILE, &limit));
	CHILD_ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHILD_ASSERT(hand_over(pair[0]) == -ETOOMANYREFS);
	CHILD_ASSERT(write(*(int *)arg, &byte, 1) == 1);
	at = try_window(fd);
	CHILD_ASSERT(at != MAP_FAILED);
	CHILD_ASSERT(!try_write(at, 1).signal && is_hole(at + page));
	/* It did not take the daemon for dead meanwhile. */
	CHILD_ASSERT(seconds() - start < 10);
}

/*
 * All processes of a user together may have only as many descriptors in flight
 * as one process may have open.
 */
static void user_has_many_under_way(void)
{
	int tell[2], go[2], status;
	char byte;
	pid_t pid;

	begin();
	CU_ASSERT_FATAL(!pipe2(tell, O_CLOEXEC) && !pipe2(go, O_CLOEXEC));
	fflush(NULL);
	pid = fork();
	if (!pid)
		keep_under_way(go[0], tell[1]);
	CU_ASSERT(read(tell[0], &byte, 1) == 1);
	CU_ASSERT(!without_privilege(wait_for_turn, &go[1]));
	CU_ASSERT(waitpid(pid, &status, 0) == pid && !status);
	for (int i = 0; i < 2; i++) {
		close(tell[i]);
		close(go[i]);
	}
	end();
}

static const struct test tests[] = {
	{"the limit is raised", raised_at_start},
	{"the daemon is out of descriptors", daemon_has_no_more},
	{"after some windows have gone", after_some_have_gone},
	{"a crowd", crowd},
	{"regions use all descriptors", regions_have_them_all},
	{"fork beyond the limit", fork_beyond_the_limit},
	{"a process is out of descriptors", process_has_no_more},
	{"unmapping without a free descriptor", unmapping_with_full_table},
	{"a user has many in flight", user_has_many_under_way},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	before_daemon = limit_daemon;
	return run_mount_tests("mount_limits", NULL, tests, N_TESTS(tests));
}
