/* SPDX-License-Identifier: MIT */
/* Locks, leases, and hearing of changes: as on tmpfs. */
#include "harness/harness.h"
#include "harness/twins.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int open_new(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	CHILD_ASSERT(fd >= 0);
	return fd;
}

static int open_dir(const char *name)
{
	int fd;

	CHILD_ASSERT(!mkdir(name, 0755));
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHILD_ASSERT(fd >= 0);
	return fd;
}

static void leases(void)
{
	int fd = open_new("f"), ro, dir = open_dir("d");

	signal(SIGIO, SIG_IGN);
	TRY(fcntl(fd, F_SETLEASE, F_RDLCK));
	TRY(fcntl(fd, F_SETLEASE, F_WRLCK));
	note("lease: %d", fcntl(fd, F_GETLEASE));
	TRY(open("f", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	TRY(fcntl(fd, F_SETLEASE, F_UNLCK));
	close(fd);
	ro = open("f", O_RDONLY | O_CLOEXEC);
	TRY(fcntl(ro, F_SETLEASE, F_WRLCK));
	close(ro);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	TRY(fcntl(fd, F_SETLEASE, F_RDLCK));
	TRY(open("f", O_RDWR | O_NONBLOCK | O_CLOEXEC));
	TRY(fcntl(fd, F_SETLEASE, F_UNLCK));
	TRY(fcntl(dir, F_SETLEASE, F_RDLCK));
	TRY(fcntl(dir, F_NOTIFY, DN_CREATE | DN_DELETE));
	TRY(fcntl(fd, F_NOTIFY, DN_CREATE));
	TRY(mkdir("d/x", 0755));
}

/* Locks, of this process and of another one */

static void try_lock(int fd, const char *who, int command, short type,
		     off_t start, off_t length)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = length,
	};
	char label[64];
	int ret = fcntl(fd, command, &lock);

	snprintf(label, sizeof(label), "%s %d %d %ld %ld", who, command, type,
		 start, length);
	note_result(label, ret);
	if (command == F_GETLK || command == F_OFD_GETLK)
		note("%s: %d %ld %ld %d", label, lock.l_type, lock.l_start,
		     lock.l_len,
		     lock.l_pid == getpid() || lock.l_pid == getppid());
}

/* What another process can and cannot lock now. */
static void from_another(const char *name)
{
	char *before = note_place();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = open(name, O_RDWR | O_CLOEXEC);

		note_result("other flock", flock(fd, LOCK_EX | LOCK_NB));
		note_result("other flock", flock(fd, LOCK_SH | LOCK_NB));
		try_lock(fd, "other", F_GETLK, F_WRLCK, 0, 0);
		try_lock(fd, "other", F_GETLK, F_RDLCK, 50, 100);
		try_lock(fd, "other", F_SETLK, F_WRLCK, 150, 10);
		try_lock(fd, "other", F_SETLK, F_WRLCK, 5, 10);
		try_lock(fd, "other", F_OFD_GETLK, F_WRLCK, 0, 0);
		try_lock(fd, "other", F_OFD_SETLK, F_RDLCK, 0, 0);
		_exit(0);
	}
	CHILD_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	note_catch_up(before);
}

static void locks(void)
{
	int fd = open_new("f"), again = open("f", O_RDWR | O_CLOEXEC);
	int ro = open("f", O_RDONLY | O_CLOEXEC), dir = open_dir("d");

	for (int mode = 0; mode < 8; mode++) {
		char label[32];

		snprintf(label, sizeof(label), "flock %d", mode);
		note_result(label, flock(fd, mode | LOCK_NB));
		note_result(label, flock(again, LOCK_EX | LOCK_NB));
		note_result(label, flock(again, LOCK_UN));
		from_another("f");
		note_result(label, flock(fd, LOCK_UN));
		note_result(label, flock(dir, mode | LOCK_NB));
		note_result(label, flock(ro, mode | LOCK_NB));
		note_result(label, flock(ro, LOCK_UN));
	}
	try_lock(fd, "own", F_SETLK, F_WRLCK, 0, 100);
	from_another("f");
	try_lock(fd, "own", F_SETLK, F_RDLCK, 50, 200);
	try_lock(fd, "own", F_GETLK, F_WRLCK, 0, 0);
	from_another("f");
	try_lock(fd, "own", F_SETLK, F_UNLCK, 60, 10);
	from_another("f");
	try_lock(again, "own", F_OFD_SETLK, F_WRLCK, 1000, 100);
	try_lock(fd, "own", F_SETLK, F_WRLCK, 1050, 0);
	from_another("f");
	try_lock(ro, "own", F_SETLK, F_WRLCK, 0, 1);
	try_lock(ro, "own", F_SETLK, F_RDLCK, 0, -1);
	try_lock(dir, "own", F_SETLK, F_RDLCK, 0, 1);
	close(ro); /* takes all of this process's with it */
	from_another("f");
}

/* inotify */

static void note_events(int fd, const char *label)
{
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));

	for (char *c = buf; n > 0 && c < buf + n;) {
		struct inotify_event *e = (struct inotify_event *)c;

		note("%s: event %d %#x %s %s", label, e->wd, e->mask,
		     e->cookie ? "moved" : "", e->len ? e->name : "");
		c += sizeof(*e) + e->len;
	}
	note("%s: the end", label);
}

#define SEE(call)                          \
	do {                               \
		TRY(call);                 \
		note_events(watch, #call); \
	} while (0)

static void events(void)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), fd;
	const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 6}};

	CHILD_ASSERT(!mkdir("d", 0755) && !mkdir("e", 0755));
	TRY(inotify_add_watch(watch, "d", IN_ALL_EVENTS));
	TRY(inotify_add_watch(watch, "e", IN_ALL_EVENTS));
	SEE(mknod("d/f", S_IFREG | 0644, 0));
	TRY(inotify_add_watch(watch, "d/f", IN_ALL_EVENTS));
	SEE(fd = open("d/f", O_RDWR | O_CLOEXEC));
	SEE(close(open("d/new", O_RDWR | O_CREAT, 0600)));
	SEE(chmod("d/f", 0600));
	SEE(chown("d/f", (uid_t)-1, (gid_t)-1));
	SEE(utimensat(AT_FDCWD, "d/f", times, 0));
	SEE(setxattr("d/f", "user.a", "x", 1, 0));
	SEE(truncate("d/f", -1));
	SEE(truncate("d/f", (off_t)mount_align()));
	SEE(link("d/f", "e/g"));
	SEE(rename("d/f", "d/h"));
	SEE(rename("d/h", "e/h"));
	SEE(rename("e/h", "d/new"));
	SEE(unlink("e/g"));
	SEE(unlink("d/new"));
	SEE(fchmod(fd, 0644));
	SEE(close(fd));
	SEE(mkdir("d/sub", 0755));
	SEE(renameat2(AT_FDCWD, "d/sub", AT_FDCWD, "e", RENAME_EXCHANGE));
	SEE(rmdir("d/sub"));
	SEE(rmdir("e"));
	SEE(rmdir("d"));
}

#define SCENARIO(name)                               \
	static void run_##name(void)                 \
	{                                            \
		compare_twins(#name, name, NULL, 0); \
	}

SCENARIO(leases)
SCENARIO(locks)
SCENARIO(events)

static const struct test tests[] = {
	{"leases", run_leases},
	{"locks", run_locks},
	{"inotify", run_events},
};

int main(void)
{
	return run_mount_tests("mount_locks", NULL, tests, N_TESTS(tests));
}
