/* SPDX-License-Identifier: MIT */
/*
 * Users who ask for as many windows as they can, and dawdle while they make
 * them. Meanwhile another user creates, attaches, changes and unlinks.
 *
 * Root's daemon, and two ordinary users; run as an ordinary user, there is no
 * other user to harm.
 */
#include "harness/calls.h"
#include "harness/harness.h"
#include "hostile/hostile.h"
#include "hostile/raw_client.h"

#include <errno.h>
#include <mshare_ioctl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int region; /* the hostile user's */

static void make_region(uint64_t size)
{
	region = region_create("hostile", size);
	CHILD_ASSERT(region >= 0 && !region_add(region, 0, page));
}

static void on_other_mount(const char *options, const struct attack *attack)
{
	if (!can_be_others())
		return;
	CU_ASSERT_FATAL(other_mount_start(options));
	under_attack(attack);
	other_mount_end();
}

/* Threads that dawdle: some make a window, some end one, without an end. */

#define DAWDLERS 80
#define CHANGERS 70 /* more than the daemon has threads */

static char name[MSHARE_SOCKET_MAX];

static void *dawdle(void *arg)
{
	const bool leaves = arg;
	unsigned char key[MSHARE_KEY_BYTES];

	for (;;) {
		if (!leaves)
			wait_for_end(ask_for_window(region, -1));
		else if (claim_window(region, -1, key))
			wait_for_end(begin_to_leave(name, key));
	}
	return arg;
}

static void make_dawdlers(void)
{
	pthread_t thread;

	make_region(align);
	strcpy(name, socket_of(region));
	for (long i = 0; i < DAWDLERS; i++)
		CHILD_ASSERT(!pthread_create(&thread, NULL, dawdle,
					     (void *)(i % 2)));
	begin_to_change(region, CHANGERS);
	sleep(2);
}

static void dawdlers(void)
{
	static const struct attack attack = {make_dawdlers, HOSTILE, NULL,
					     "a change waits for that"};

	under_attack(&attack);
}

/* Tickets: each holds memory of the daemon, and a region */

#define TICKETS 100

static void take_tickets(void)
{
	struct mshare_attach attach;
	int n = 0, err = 0;

	make_region(align);
	for (; !err && n < 2 * TICKETS; n++) {
		attach = (struct mshare_attach){
			.length = align, .prot = RW, .flags = MAP_SHARED};
		err = ioctl(region, MSHARE_IOC_ATTACH, &attach) ? errno : 0;
	}
	CHILD_ASSERT(err == EAGAIN && n == TICKETS + 1);
	/* It is as if one more process could not attach: others can. */
	CHILD_ASSERT(ask_for_window(region, -1) < 0);
	CHILD_ASSERT(fails((long)mmap(NULL, align, RW, MAP_SHARED, region, 0),
			   EAGAIN));
}

static void tickets(void)
{
	static const struct attack attack = {take_tickets, HOSTILE, NULL,
					     "-o user_tickets=N sets it"};

	on_other_mount("allow_other,user_tickets=100", &attack);
}

/* Descriptors of the daemon: windows take two each. */
static void make_windows(void)
{
	int n = 0;

	make_region(align);
	while (n < 1000 && region_window(region, align))
		n++;
	CHILD_ASSERT(errno == EDQUOT && n == 19);
}

static void windows(void)
{
	static const struct attack attack = {make_windows, HOSTILE, NULL,
					     "-o user_descriptors=N sets it"};

	on_other_mount("allow_other,user_descriptors=40", &attack);
}

/* The daemon's address space: it maps what may soon be attached. */

#define LARGE (1ULL << 43)
#define LARGE_REGIONS 32

static void make_large_regions(void)
{
	struct mshare_attach attach;
	char file[32];
	int fd;

	for (int i = 0; i < LARGE_REGIONS; i++) {
		snprintf(file, sizeof(file), "hostile%d", i);
		fd = region_create(file, LARGE);
		CHILD_ASSERT(fd >= 0 && !unlink(in_mount(file)));
		CHILD_ASSERT(!region_add(fd, 0, page));
		attach = (struct mshare_attach){
			.length = LARGE, .prot = RW, .flags = MAP_SHARED};
		CHILD_ASSERT(!ioctl(fd, MSHARE_IOC_ATTACH, &attach));
	}
}

#ifdef __SANITIZE_ADDRESS__
#define OF_SANITIZER (20L << 30) /* KiB */
#else
#define OF_SANITIZER 0L
#endif

/* A quarter of what all may have together; the rest is for others. */
static void see_the_daemon(void *arg)
{
	(void)arg;
	CHILD_ASSERT(daemon_kib("VmSize") < (13L << 30) + OF_SANITIZER);
}

static void address_space(void)
{
	static const struct attack attack = {make_large_regions, HOSTILE,
					     see_the_daemon, NULL};

	under_attack(&attack);
}

static const struct test tests[] = {
	{"threads that dawdle", dawdlers},
	{"address space", address_space},
	{"tickets", tickets},
	{"windows", windows},
};

int main(void)
{
	before_tests = hostile_look;
	return run_hostile_tests("mount_hostile_windows", tests,
				 N_TESTS(tests));
}
