/* SPDX-License-Identifier: MIT */
/*
 * Users who make the daemon wait for what they control: a process that holds
 * the lock of its own memory map, and a filesystem whose server does not
 * answer. Meanwhile another user creates, attaches, changes and unlinks.
 *
 * Root's daemon, and two ordinary users; run as an ordinary user, there is no
 * other user to harm.
 */
#include "common/uffd.h"
#include "harness/harness.h"
#include "hostile/hostile.h"
#include "hostile/raw_client.h"
#include "hostile/slow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <mshare_ioctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SENT 40

static void slowly(const struct attack *attack)
{
	if (!can_be_others())
		return;
	CU_ASSERT_FATAL(slow_place_make(attack->uid));
	under_attack(attack);
	slow_place_remove();
}

static int hostile_region(void)
{
	int fd = region_create("hostile", align);

	CHILD_ASSERT(fd >= 0 && !region_add(fd, 0, page));
	return fd;
}

/*
 * The last close of a userfaultfd waits for the memory map. So that it is the
 * daemon's, it gets them for windows that do not come, and keeps them a while.
 */
static int uffds[SENT];

static void close_uffds(void)
{
	for (int i = 0; i < SENT; i++)
		close(uffds[i]);
}

static void leave_uffds(pid_t holder)
{
	int fd = hostile_region(), socks[SENT];
	struct answer answer;

	CHILD_ASSERT(memory_map_is_held(holder));
	for (int i = 0; i < SENT; i++) {
		socks[i] = ask_for_window(fd, uffds[i]);
		CHILD_ASSERT(socks[i] >= 0 &&
			     recv(socks[i], &answer, sizeof(answer), 0) > 0 &&
			     !answer.error);
	}
	close_uffds();
	for (int i = 0; i < SENT; i++)
		close(socks[i]);
	attack_has_begun();
	attack_goes_on();
}

static void hold_and_leave(void)
{
	pid_t holder = getpid();

	slow_mount();
	for (int i = 0; i < SENT; i++)
		CHILD_ASSERT((uffds[i] = uffd_open()) >= 0);
	if (!fork())
		leave_uffds(holder);
	close_uffds();
	attack_is_anothers();
	hold_memory_map();
	attack_goes_on();
}

static void held_when_closed(void)
{
	static const struct attack attack = {hold_and_leave, HOSTILE, NULL,
					     NULL};

	slowly(&attack);
}

/* Each close of a file of FUSE waits for its server. */
static void send_slow_files(void)
{
	const struct hello hello = {.op = HELLO_FAULT_QUERY};
	int region = hostile_region(), fds[SENT], sock;

	slow_mount();
	for (int i = 0; i < SENT; i++)
		CHILD_ASSERT((fds[i] = slow_open(false)) >= 0);
	for (int i = 0; i < SENT; i += 2) {
		/* Instead of a userfaultfd, and with nothing asked for */
		ask_for_window(region, fds[i]);
		sock = dial(socket_of(region), 0);
		send_fds(sock, &hello, sizeof(hello), &fds[i + 1], 1);
	}
	attack_has_begun();
	attack_goes_on();
}

static void slow_files(void)
{
	static const struct attack attack = {send_slow_files, HOSTILE, NULL,
					     NULL};

	slowly(&attack);
}

/*
 * A change of a region has to change a window of a process that holds its
 * map, which takes as long as that process likes. The change may be refused,
 * but its caller, and whoever else uses the region, does not wait.
 */
#define CHANGES 4
#define CHANGE_MS 5000 /* it gives up after one second, or two */

static void map_and_hold(void)
{
	int fd = hostile_region();
	pid_t holder = getpid();

	slow_mount();
	CHILD_ASSERT(region_window(fd, align) != NULL);
	if (!fork()) {
		CHILD_ASSERT(memory_map_is_held(holder));
		attack_has_begun();
		attack_goes_on();
	}
	attack_is_anothers();
	hold_memory_map();
	attack_goes_on();
}

static void change_held(void *arg)
{
	struct mshare_change change = {.size = page, .what = PROT_READ};
	int fd = open(in_mount("hostile"), O_RDWR | O_CLOEXEC);
	uint64_t before;
	bool done;

	(void)arg;
	CHILD_ASSERT(fd >= 0);
	alarm(CHANGES * CHANGE_MS / 1000);
	for (int i = 0; i < CHANGES; i++) {
		before = clock_us();
		done = !ioctl(fd, MSHARE_IOC_PROTECT, &change);
		CHILD_ASSERT(done || errno == EBUSY);
		CHILD_ASSERT(clock_us() - before < CHANGE_MS * 1000);
		change.what ^= PROT_WRITE;
	}
}

static void held_when_changed(void)
{
	static const struct attack attack = {map_and_hold, HOSTILE, change_held,
					     NULL};

	slowly(&attack);
}

static const struct test tests[] = {
	{"userfaultfds of a process that holds its map", held_when_closed},
	{"files of a server that does not answer", slow_files},
	{"a change of a process that holds its map", held_when_changed},
};

int main(void)
{
	before_tests = hostile_look;
	return run_hostile_tests("mount_hostile_slow", tests, N_TESTS(tests));
}
