/* SPDX-License-Identifier: MIT */
/*
 * A userfaultfd gives power over a whole process: the daemon gets it only if
 * root or the process's own user runs it, and that user may trace the process.
 * Whoever runs another daemon gets none, from no process that he might want to
 * rule: one of another user, one with another saved ID, one with a capability,
 * one that is not dumpable. Both ends keep to the rule: neither does the
 * library send it, nor does the daemon keep one that it is sent.
 *
 * An ordinary user's daemon; run as an ordinary user, there are no other users.
 */
#include "common/uffd.h"
#include "engine/daemon_channel.h"
#include "harness/calls.h"
#include "harness/harness.h"
#include "hostile/hostile.h"
#include "hostile/raw_client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fdpass.h"

/* Who runs the daemon. */
#define RULER HOSTILE

/* What a process can be, which maps the region of somebody's daemon */

static void as_his_own(void)
{
	become_traceable(RULER);
}

static void as_another(void)
{
	become_traceable(NORMAL);
}

static void as_root(void)
{
}

static void set_ids(uid_t u[3], gid_t g[3])
{
	CHILD_ASSERT(!setgroups(0, NULL) && !setresgid(g[0], g[1], g[2]) &&
		     !setresuid(u[0], u[1], u[2]) &&
		     !prctl(PR_SET_DUMPABLE, 1));
}

/* As a set-user-ID program of another user that has dropped that. */
static void with_saved_user(void)
{
	set_ids((uid_t[]){RULER, RULER, NORMAL},
		(gid_t[]){RULER, RULER, RULER});
}

static void with_real_user(void)
{
	set_ids((uid_t[]){NORMAL, RULER, RULER},
		(gid_t[]){RULER, RULER, RULER});
}

static void with_saved_group(void)
{
	set_ids((uid_t[]){RULER, RULER, RULER},
		(gid_t[]){RULER, RULER, NORMAL});
}

static void with_real_group(void)
{
	set_ids((uid_t[]){RULER, RULER, RULER},
		(gid_t[]){NORMAL, RULER, RULER});
}

/* As a program whose file has a capability. */
static void with_capability(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {
		{.permitted = 1U << CAP_NET_BIND_SERVICE}};

	CHILD_ASSERT(!prctl(PR_SET_KEEPCAPS, 1));
	become(RULER);
	CHILD_ASSERT(!syscall(SYS_capset, &header, sets) &&
		     !prctl(PR_SET_DUMPABLE, 1));
}

static void not_dumpable(void)
{
	become(RULER);
	CHILD_ASSERT(!prctl(PR_SET_DUMPABLE, 0));
}

static const struct kind {
	const char *name;
	void (*become)(void);
	bool gives;
} kinds[] = {
	{"his own", as_his_own, true},
	{"another user's", as_another, false},
	{"root's", as_root, false},
	{"with another saved user", with_saved_user, false},
	{"with another real user", with_real_user, false},
	{"with another saved group", with_saved_group, false},
	{"with another real group", with_real_group, false},
	{"with a capability", with_capability, false},
	{"not dumpable", not_dumpable, false},
};

/* Waits for a child that has sent a byte, or ended. */
static pid_t child_until_ready(void (*run)(const struct kind *kind),
			       const struct kind *kind, int *ready)
{
	int ends[2];
	pid_t pid;
	char byte;

	CU_ASSERT_FATAL(!pipe2(ends, O_CLOEXEC));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		*ready = ends[1];
		run(kind);
		fflush(NULL);
		_exit(0);
	}
	close(ends[1]);
	CU_ASSERT(read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	return pid;
}

static int ready;

static void is_ready(void)
{
	CHILD_ASSERT(write(ready, "", 1) == 1);
}

/* The library: somebody listens where it expects the daemon. */

static char name[MSHARE_SOCKET_MAX];

/* Exits with 1 if a descriptor came, else with 0. */
static _Noreturn void listen_once(uid_t uid)
{
	struct hello hello;
	int sock, fd = -1;

	if (uid)
		become_traceable(uid);
	sock = listen_as(name, 9);
	CHILD_ASSERT(sock >= 0);
	is_ready();
	sock = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	CHILD_ASSERT(fdpass_receive(sock, &hello, sizeof(hello), &fd, 0) ==
		     sizeof(hello));
	_exit(fd >= 0);
}

static void listen_as_ruler(const struct kind *kind)
{
	(void)kind;
	listen_once(RULER);
}

static void listen_as_root(const struct kind *kind)
{
	(void)kind;
	listen_once(0);
}

static void send_by_library(void *arg)
{
	const struct hello hello =
		channel_hello(HELLO_FAULT_QUERY, (unsigned char[16]){0}, 0);
	const struct kind *kind = arg;
	int sock, uffd = uffd_open();

	kind->become();
	sock = channel_connect(name);
	CHILD_ASSERT(uffd >= 0 && sock >= 0);
	CHILD_ASSERT(!channel_send(sock, &hello, uffd));
}

static bool sends_to(void (*listener)(const struct kind *kind),
		     const struct kind *kind)
{
	static int n;
	pid_t pid;

	snprintf(name, sizeof(name), MSHARE_SOCKET_PREFIX "rule-%d-%d",
		 getpid(), n++);
	pid = child_until_ready(listener, kind, &ready);
	CU_ASSERT(!in_child(send_by_library, (void *)kind));
	return wait_for_exit(pid) == 1;
}

static void library(void)
{
	if (!can_be_others())
		return;
	for (size_t i = 0; i < N_TESTS(kinds); i++) {
		printf("     a process %s\n", kinds[i].name);
		CU_ASSERT(sends_to(listen_as_ruler, &kinds[i]) ==
			  kinds[i].gives);
		CU_ASSERT(sends_to(listen_as_root, &kinds[i]));
	}
}

/* The daemon */

/* Userfaultfds that it has besides its own. */
static int daemon_uffds(void)
{
	char path[64], link[64];
	struct dirent *d;
	int n = 0;
	ssize_t size;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", mount_daemon);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		size = readlinkat(dirfd(dir), d->d_name, link,
				  sizeof(link) - 1);
		link[size > 0 ? size : 0] = 0;
		n += !strcmp(link, "anon_inode:[userfaultfd]");
	}
	if (dir)
		closedir(dir);
	return n;
}

/* It has judged the last one by now, and may still be closing it. */
static bool uffds_become(int n)
{
	for (int i = 0; i < 2000 && daemon_uffds() != n; i++)
		usleep(1000);
	return daemon_uffds() == n;
}

static int open_region(const struct kind *kind)
{
	int fd;

	kind->become();
	fd = open(in_mount("f"), O_RDWR | O_CLOEXEC);
	CHILD_ASSERT(fd >= 0);
	return fd;
}

/* As a program does. */
static void make_window(const struct kind *kind)
{
	int fd = open_region(kind);
	char *at = region_window(fd, align);

	CHILD_ASSERT(at && !try_write(at, 'a').signal);
	CHILD_ASSERT(try_read(at + page).signal == SIGSEGV);
	is_ready();
	pause();
}

/* Against the library's rule. */
static void give_it_anyway(const struct kind *kind)
{
	int uffd = uffd_open(), fd = open_region(kind);
	unsigned char key[MSHARE_KEY_BYTES];

	CHILD_ASSERT(uffd >= 0 && claim_window(fd, uffd, key));
	is_ready();
	pause();
}

static void have(const struct kind *kind, void (*run)(const struct kind *kind))
{
	int before = daemon_uffds();
	pid_t pid = child_until_ready(run, kind, &ready);

	CU_ASSERT(uffds_become(before + kind->gives));
	CU_ASSERT(!kill(pid, SIGKILL));
	CU_ASSERT(wait_for_exit(pid) == 256 + SIGKILL);
	CU_ASSERT(uffds_become(before));
}

static void of_each_kind(void (*run)(const struct kind *kind))
{
	int fd;

	if (!can_be_others())
		return;
	fd = region_create("f", align);
	CU_ASSERT(fd >= 0 && !fchmod(fd, 0666) && !region_add(fd, 0, page));
	for (size_t i = 0; i < N_TESTS(kinds); i++) {
		printf("     a process %s\n", kinds[i].name);
		have(&kinds[i], run);
	}
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void daemon_asks(void)
{
	of_each_kind(make_window);
}

static void daemon_is_given(void)
{
	of_each_kind(give_it_anyway);
}

static const struct test tests[] = {
	{"what the library gives", library},
	{"windows", daemon_asks},
	{"what the daemon takes", daemon_is_given},
};

static void daemon_of_ruler(const char *dir)
{
	if (chown(dir, RULER, RULER))
		_exit(126);
	become_traceable(RULER);
}

int main(void)
{
	before_tests = hostile_look;
	if (geteuid() == 0) {
		if (let_users_allow_other())
			return 1;
		before_daemon = daemon_of_ruler;
	}
	return run_hostile_tests("mount_hostile_uffd", tests, N_TESTS(tests));
}
