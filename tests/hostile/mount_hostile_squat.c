/* SPDX-License-Identifier: MIT */
/*
 * A name that outlives its owner: the daemon is killed, and another user takes
 * the name of its socket. The processes that still have windows do not wait for
 * him, give him nothing and believe nothing that he says.
 *
 * Root's daemon, and two ordinary users; run as an ordinary user, there is no
 * other user to harm.
 */
#include "common/fdpass.h"
#include "common/protocol.h"
#include "harness/harness.h"
#include "hostile/hostile.h"
#include "hostile/raw_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOWS 4

static char name[MSHARE_SOCKET_MAX];
static int go; /* the survivors read it when somebody has the name */

/* What the squatter has been given. */
static struct loot {
	atomic_int connections;
	atomic_int descriptors;
} * loot;

/* Squatters */

/* Takes nobody in: who connects waits. */
static void ignore(void)
{
	CHILD_ASSERT(listen_as(name, 0) >= 0);
}

/* Says yes to all, and sends a memory of his own. */
static void serve_one(int sock, int evil)
{
	const struct answer yes = {.n = 0};
	struct pollfd p = {.fd = sock, .events = POLLIN};
	struct hello hello;
	int fd;

	atomic_fetch_add(&loot->connections, 1);
	while (poll(&p, 1, 1000) > 0 &&
	       fdpass_receive(sock, &hello, sizeof(hello), &fd, 0) > 0) {
		if (fd >= 0)
			atomic_fetch_add(&loot->descriptors, 1);
		fdpass_send(sock, &yes, sizeof(yes),
			    hello.flags & HELLO_WANTS_FILE ? evil : -1, 0);
	}
	close(sock);
}

static void lie(void)
{
	int evil = memfd_create("evil", MFD_CLOEXEC), sock = listen_as(name, 9);

	CHILD_ASSERT(sock >= 0 && evil >= 0 && !ftruncate(evil, (off_t)align) &&
		     pwrite(evil, "e", 1, 0) == 1);
	attack_has_begun();
	for (;;)
		serve_one(accept4(sock, NULL, NULL, SOCK_CLOEXEC), evil);
}

/* Survivors */

static void read_own(void *arg)
{
	CHILD_ASSERT(try_read(arg).signal == 0 && *(char *)arg == 'a');
}

static void find_none(void *arg)
{
	CHILD_ASSERT(try_read(arg).signal == SIGSEGV);
}

static void survive(void)
{
	char *at[WINDOWS], byte;
	int fd = region_create("f", align);

	CHILD_ASSERT(fd >= 0 && !region_add(fd, 0, page));
	for (int i = 0; i < WINDOWS; i++)
		CHILD_ASSERT((at[i] = region_window(fd, align)) != NULL);
	CHILD_ASSERT(!try_write(at[0], 'a').signal);
	attack_has_begun();
	CHILD_ASSERT(read(go, &byte, 1) == 1);
	QUICK(!in_child(read_own, at[0]));
	QUICK(try_read(at[0] + page).signal == SIGSEGV);
	QUICK(!region_window(fd, align));
	QUICK(!munmap(at[1], align));
	/* With the memory's descriptors closed, a child has to ask for it. */
	CHILD_ASSERT(!close_range(3, ~0U, 0));
	QUICK(!in_child(find_none, at[0]));
	QUICK(at[0][0] == 'a' && at[2][0] == 'a');
	for (int i = 2; i < WINDOWS; i++)
		QUICK(!munmap(at[i], align));
	_exit(0);
}

/*
 * The survivors are ended by themselves; the daemon by root, while they have
 * windows.
 */
static void outlive(pid_t daemon, const struct attack *squatter)
{
	static const struct attack survivors = {survive, NORMAL, NULL, NULL};
	int fd = region_create("name", align), ends[2];
	pid_t survivor, squatting;

	CU_ASSERT(fd >= 0 && !pipe2(ends, O_CLOEXEC));
	strcpy(name, socket_of(fd));
	close(fd);
	go = ends[0];
	survivor = begin_attack(&survivors);
	CU_ASSERT(!kill(daemon, SIGKILL));
	CU_ASSERT(wait_for_exit(daemon) == 256 + SIGKILL);
	squatting = begin_attack(squatter);
	CU_ASSERT(write(ends[1], "", 1) == 1);
	CU_ASSERT(wait_for_exit(survivor) == 0);
	end_attack(squatting);
	close(ends[0]);
	close(ends[1]);
}

/* On a mount of its own, which is left without a daemon. */
static void squat(void (*run)(void))
{
	const char *argv[] = {"fusermount3", "-u", "-z", mount_dir, NULL};
	const struct attack squatter = {run, HOSTILE, NULL, NULL};
	char old[PATH_MAX], dir[PATH_MAX];
	pid_t daemon;

	if (!can_be_others())
		return;
	CU_ASSERT_FATAL(new_dir(dir, "squat") != NULL);
	strcpy(old, mount_dir);
	strcpy(mount_dir, dir);
	daemon = daemon_start(dir, "allow_other");
	CU_ASSERT(daemon > 0);
	if (daemon > 0) {
		outlive(daemon, &squatter);
		CU_ASSERT(!run_program(argv));
	}
	rmdir(dir);
	strcpy(mount_dir, old);
}

static void by_silence(void)
{
	squat(ignore);
}

static void by_lies(void)
{
	loot = mmap(NULL, sizeof(*loot), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(loot != MAP_FAILED);
	squat(lie);
	CU_ASSERT(geteuid() != 0 || atomic_load(&loot->connections) > 0);
	CU_ASSERT(atomic_load(&loot->descriptors) == 0);
	munmap(loot, sizeof(*loot));
}

static const struct test tests[] = {
	{"a squatter who does not listen", by_silence},
	{"a squatter who lies", by_lies},
};

int main(void)
{
	before_tests = hostile_look;
	return run_hostile_tests("mount_hostile_squat", tests, N_TESTS(tests));
}
