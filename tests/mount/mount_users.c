/* SPDX-License-Identifier: MIT */
/*
 * Tests windows of other users. A daemon run by root controls everybody's
 * windows. One run by an ordinary user controls only that user's: windows of
 * others get the protections of the moment they are made, but no later ones.
 *
 * Run as root, it tests nobody's daemon first, then root's. Run as an ordinary
 * user, there are no other users to test.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define NOBODY 65534
#define SOMEBODY 12345

static uint64_t align, page;
static int fd;

/* A user, and whether the daemon controls that user's windows */
struct user {
	uid_t uid;
	bool reach;
	void (*run)(const struct user *user); /* as that user */
};

/* As a program that this user starts: it may be traced by its user. */
static int become(uid_t uid)
{
	if (uid == geteuid())
		return 0;
	return setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	       setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1);
}

static void become_and_run(void *arg)
{
	const struct user *user = arg;

	CHILD_ASSERT(!become(user->uid));
	fd = open(in_mount("f"), O_RDWR | O_CLOEXEC);
	CHILD_ASSERT(fd >= 0);
	user->run(user);
}

/* The users, and whether the running daemon controls their windows */
static struct user users[3];
static size_t n_users;

static void for_each_user(void (*run)(const struct user *user))
{
	fd = region_create("f", align);
	CU_ASSERT(fd >= 0 && !fchmod(fd, 0666));
	for (size_t i = 0; i < n_users; i++) {
		users[i].run = run;
		CU_ASSERT(!in_child(become_and_run, &users[i]));
		CU_ASSERT(!region_unmap_range(fd, 0, align));
	}
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* Accesses */

static int add(uint64_t offset, uint64_t size, int prot, int flags)
{
	return region_add_like(fd, offset, size, prot, flags);
}

static bool is_hole(const char *byte)
{
	struct fault f = try_read(byte);

	return f.signal == SIGSEGV && f.code == SEGV_MAPERR && f.addr == byte;
}

static bool refuses_write(char *byte)
{
	struct fault f = try_write(byte, 'x');

	return f.signal == SIGSEGV && f.code == SEGV_ACCERR && f.addr == byte;
}

/* Access by a system call: returns 0 or errno. */
static int read_into(char *byte)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), err;

	err = read(zero, byte, 1) == 1 ? 0 : errno;
	close(zero);
	return err;
}

static bool log_names(void *arg)
{
	char text[80];

	snprintf(text, sizeof(text),
		 "the window of pid %d is out of the daemon's reach",
		 *(pid_t *)arg);
	return daemon_said(text);
}

static bool holds_as_before(void *arg)
{
	return memory_held() <= *(long *)arg;
}

/* Tests */

static void use(const struct user *user)
{
	char *at = region_window(fd, align), *other;
	pid_t pid = getpid();

	CHILD_ASSERT(at && is_hole(at) && is_hole(at + align - 1));
	CHILD_ASSERT(read_into(at) == EFAULT);
	CHILD_ASSERT(!region_add(fd, 0, 2 * page) && at[page] == 0);
	at[page] = 'a';
	CHILD_ASSERT(read_into(at) == 0 && is_hole(at + 2 * page));
	other = region_window(fd, align);
	CHILD_ASSERT(other && other[page] == 'a');
	CHILD_ASSERT(!region_unmap_range(fd, page, page));
	CHILD_ASSERT(is_hole(at + page) && is_hole(other + page));
	CHILD_ASSERT(read_into(at + page) == EFAULT);
	CHILD_ASSERT(!region_add(fd, page, page) && at[page] == 0);
	if (user->reach)
		CHILD_ASSERT(!log_names(&pid));
	else
		CHILD_ASSERT(wait_until(log_names, &pid));
}

static void attach_and_use(void)
{
	for_each_user(use);
}

/* The others see at once what a user writes, in all windows. */
static char *common;

static void write_own_byte(const struct user *user)
{
	char *own = region_window(fd, align);
	size_t me = (size_t)(user - users);

	CHILD_ASSERT(!add(0, page, RW, 0) || me > 0);
	CHILD_ASSERT(own != NULL);
	own[me] = (char)(me + 1);
	CHILD_ASSERT(common[me] == (char)(me + 1));
	CHILD_ASSERT(!region_unmap_range(fd, 0, page));
	CHILD_ASSERT(is_hole(own) && is_hole(common));
	CHILD_ASSERT(!region_add(fd, 0, page));
	CHILD_ASSERT(common[me] == 0 && own[me] == 0);
}

static void memory_in_common(void)
{
	fd = region_create("f", align);
	common = region_window(fd, align);
	CU_ASSERT(common && !fchmod(fd, 0666) && !region_add(fd, 0, page));
	for (size_t i = 0; i < n_users; i++) {
		users[i].run = write_own_byte;
		CU_ASSERT(!in_child(become_and_run, &users[i]));
		CU_ASSERT(!try_read(common).signal);
	}
	CU_ASSERT(!munmap(common, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

UNINSTRUMENTED static void count_faults(const struct user *user)
{
	const uint64_t n = 64;
	volatile char *at;
	struct rusage before, after;
	long faults;

	(void)user;
	CHILD_ASSERT(!region_add(fd, 0, n * page));
	at = region_window(fd, align);
	CHILD_ASSERT(at != NULL);
	getrusage(RUSAGE_SELF, &before);
	for (uint64_t i = 0; i < n; i++)
		at[i * page] = 1;
	getrusage(RUSAGE_SELF, &after);
	faults = after.ru_minflt - before.ru_minflt;
	CHILD_ASSERT(mount_shares() ? faults >= 1 && faults <= 3
				    : faults >= (long)n / 16);
}

static void share_tables(void)
{
	for_each_user(count_faults);
}

/*
 * New windows of any user get the protections of the moment; so do those of
 * children.
 */
static char *told;

static void use_told(void *arg)
{
	(void)arg;
	CHILD_ASSERT(refuses_write(told + page) && told[page] == 0);
	CHILD_ASSERT(read_into(told + page) == EFAULT);
	CHILD_ASSERT(try_read(told + 2 * page).code == SEGV_ACCERR);
	CHILD_ASSERT(!try_write(told + page - 1, 1).signal);
	CHILD_ASSERT(is_hole(told + 4 * page));
}

static void come_after_protection(const struct user *user)
{
	(void)user;
	CHILD_ASSERT(!add(0, page, RW, 0) && !add(page, page, PROT_READ, 0));
	CHILD_ASSERT(!add(2 * page, page, PROT_NONE, 0));
	told = region_window(fd, align);
	CHILD_ASSERT(told != NULL);
	use_told(NULL);
	CHILD_ASSERT(!in_child(use_told, NULL));
	use_told(NULL);
}

static void protected_before(void)
{
	for_each_user(come_after_protection);
}

/* A limit in the manual: a window out of reach keeps its first protections. */
static void protect_later(const struct user *user)
{
	char *at = region_window(fd, align), *later;

	CHILD_ASSERT(at && !add(0, page, PROT_READ, 0));
	later = region_window(fd, align);
	CHILD_ASSERT(later && refuses_write(later));
	if (user->reach) {
		CHILD_ASSERT(refuses_write(at) && at[0] == 0);
		CHILD_ASSERT(read_into(at) == EFAULT);
	} else {
		CHILD_ASSERT(!try_write(at, 'x').signal && later[0] == 'x');
		CHILD_ASSERT(read_into(at) == 0 && later[0] == 0);
	}
	/* PROT_NONE frees the page, which everybody sees. */
	CHILD_ASSERT(!add(0, page, PROT_NONE, 0));
	CHILD_ASSERT(try_read(at).code == SEGV_ACCERR);
	CHILD_ASSERT(try_read(later).code == SEGV_ACCERR);
	CHILD_ASSERT(read_into(at) == EFAULT);
	/* A page protected when the window was made stays protected. */
	CHILD_ASSERT(!add(0, page, RW, 0));
	CHILD_ASSERT(!try_write(at, 'y').signal && later[0] == 'y');
	CHILD_ASSERT(refuses_write(later) == !user->reach);
	CHILD_ASSERT(!munmap(later, align));
	later = region_window(fd, align);
	CHILD_ASSERT(later && !try_write(later, 'z').signal && at[0] == 'z');
}

static void protected_later(void)
{
	for_each_user(protect_later);
}

static void come_after_lazy(const struct user *user)
{
	char *at, *later;

	CHILD_ASSERT(!add(0, 8 * page, RW, MAP_NORESERVE));
	at = region_window(fd, align);
	CHILD_ASSERT(at && !try_write(at, 1).signal);
	/* Out of reach, system calls fail on pages not touched before. */
	CHILD_ASSERT(read_into(at + page) == (user->reach ? 0 : EFAULT));
	CHILD_ASSERT(!try_read(at + page).signal && read_into(at + page) == 0);
	CHILD_ASSERT(is_hole(at + 8 * page));
	/* What is unmapped is gone in every window, and reads as zeros anew. */
	at[0] = 'o';
	CHILD_ASSERT(!region_unmap_range(fd, 0, 4 * page));
	CHILD_ASSERT(is_hole(at) && is_hole(at + 2 * page));
	later = region_window(fd, align);
	CHILD_ASSERT(later && is_hole(later));
	CHILD_ASSERT(!add(0, 4 * page, RW, MAP_NORESERVE));
	CHILD_ASSERT(!try_read(later).signal && later[0] == 0 && at[0] == 0);
	CHILD_ASSERT(!try_write(at + 2 * page, 'n').signal);
	CHILD_ASSERT(later[2 * page] == 'n');
}

static void lazy_before(void)
{
	for_each_user(come_after_lazy);
}

static void map_lazily_later(const struct user *user)
{
	char *at = region_window(fd, align);

	CHILD_ASSERT(at && !add(0, 8 * page, RW, MAP_NORESERVE));
	CHILD_ASSERT(!try_write(at, 'x').signal && at[0] == 'x');
	CHILD_ASSERT(!try_read(at + page).signal && at[page] == 0);
	/* Out of reach, system calls fail on pages not touched before. */
	CHILD_ASSERT(read_into(at + 2 * page) == (user->reach ? 0 : EFAULT));
	CHILD_ASSERT(!try_write(at + 2 * page, 'x').signal);
	CHILD_ASSERT(read_into(at + 2 * page) == 0 && at[2 * page] == 0);
	CHILD_ASSERT(is_hole(at + 8 * page));
	CHILD_ASSERT(!region_unmap_range(fd, 0, 8 * page));
	CHILD_ASSERT(is_hole(at) && is_hole(at + 5 * page));
}

static void lazy_later(void)
{
	for_each_user(map_lazily_later);
}

/*
 * The region has neither a name nor an open file any more, and its lazy pages
 * are still there to be touched; its memory goes with the last window.
 */
static void touch_nameless(const struct user *user)
{
	long before = memory_held();
	char *at;
	int own;

	(void)user;
	own = region_create("nameless", align);
	CHILD_ASSERT(own >= 0);
	CHILD_ASSERT(!region_add_like(own, 0, 8 * page, RW, MAP_NORESERVE));
	at = region_window(own, align);
	CHILD_ASSERT(at && !try_write(at, 1).signal);
	CHILD_ASSERT(!close(own) && !unlink(in_mount("nameless")));
	usleep(100000); /* the daemon hears of it a little later */
	for (uint64_t i = 0; i < 8; i++)
		CHILD_ASSERT(!try_write(at + i * page, 2).signal);
	CHILD_ASSERT(is_hole(at + 8 * page));
	CHILD_ASSERT(!munmap(at, align));
	CHILD_ASSERT(wait_until(holds_as_before, &before));
}

static void lazy_and_nameless(void)
{
	for_each_user(touch_nameless);
}

/* The daemons */

static void nobodys_windows_alone(void)
{
	users[0] = (struct user){.uid = NOBODY, .reach = true};
	users[1] = (struct user){.uid = 0};
	users[2] = (struct user){.uid = SOMEBODY};
	n_users = 3;
}

static void everybodys_windows(void)
{
	nobodys_windows_alone();
	users[1].reach = users[2].reach = true;
}

static void own_windows(void)
{
	users[0] = (struct user){.uid = geteuid(), .reach = true};
	n_users = 1;
}

static void everything_holds(void)
{
	before_daemon = NULL;
	everybodys_windows();
	CU_ASSERT(other_mount_start("allow_other"));
	attach_and_use();
	memory_in_common();
	share_tables();
	protected_before();
	protected_later();
	lazy_before();
	lazy_later();
	lazy_and_nameless();
	CU_ASSERT(!daemon_said("out of the daemon's reach"));
	other_mount_end();
}

static const struct test tests[] = {
	{"attach and use", attach_and_use},
	{"memory in common", memory_in_common},
	{"page tables", share_tables},
	{"protected before", protected_before},
	{"protected later", protected_later},
	{"lazy before", lazy_before},
	{"lazy later", lazy_later},
	{"lazy and nameless", lazy_and_nameless},
	{"the daemon is root's", everything_holds},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

static void daemon_of_nobody(const char *dir)
{
	if (chown(dir, NOBODY, NOBODY) || become(NOBODY))
		_exit(126);
}

int main(void)
{
	before_tests = look;
	if (geteuid() != 0) {
		own_windows();
		return run_mount_tests("mount_users", NULL, tests,
				       N_TESTS(tests) - 1);
	}
	if (let_users_allow_other())
		return 1;
	nobodys_windows_alone();
	before_daemon = daemon_of_nobody;
	return run_mount_tests("mount_users", "allow_other", tests,
			       N_TESTS(tests));
}
