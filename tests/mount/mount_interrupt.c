/* SPDX-License-Identifier: MIT */
/*
 * A signal while memory is being filled: EINTR, and all of it undone. And that
 * others are served meanwhile.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define LARGE ((uint64_t)2 << 30) /* some tenths of a second of work */

static uint64_t align, page;

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* 0, or errno: what CREATE_MAPPING says when a signal comes after usec. */
static int map_with_alarm(int fd, long usec)
{
	const struct itimerval timer = {.it_value = {.tv_usec = usec}};
	struct sigaction act = {.sa_handler = on_alarm};
	int err;

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	err = region_add(fd, page, LARGE) ? errno : 0;
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	return err;
}

static void interrupted_and_undone(void)
{
	int fd = region_create("region", 4 * align), err = 0;
	struct stat st;
	char *w;

	CU_ASSERT_FATAL(fd >= 0 && !region_add(fd, 0, 2 * page));
	w = region_window(fd, 4 * align);
	CU_ASSERT_FATAL(w != NULL);
	memset(w, 7, 2 * page);
	/* How fast the machine is, is not known: it may be done too soon. */
	for (long usec = 40000; usec > 100 && err != EINTR; usec /= 2) {
		err = map_with_alarm(fd, usec);
		CU_ASSERT(err == 0 || err == EINTR);
		if (!err)
			CU_ASSERT(!region_unmap_range(fd, page, LARGE) &&
				  !region_add(fd, page, page) &&
				  memset(w + page, 7, page));
	}
	CU_ASSERT(err == EINTR);
	CU_ASSERT(w[0] == 7 && w[page - 1] == 7);
	CU_ASSERT(w[page] == 7 && w[2 * page - 1] == 7);
	CU_ASSERT(try_read(w + 2 * page).signal == SIGSEGV);
	CU_ASSERT(!fstat(fd, &st) && (uint64_t)st.st_blocks * 512 == 2 * page);
	/* and it can be done after all */
	CU_ASSERT(!region_add(fd, page, LARGE));
	CU_ASSERT(w[0] == 7 && w[page] == 0);
	CU_ASSERT(!munmap(w, 4 * align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("region")));
}

static int protect(int fd, uint64_t size, uint32_t prot)
{
	const struct mshare_change change = {.size = size, .what = prot};

	return ioctl(fd, MSHARE_IOC_PROTECT, &change);
}

static int protect_with_alarm(int fd, uint64_t size, uint32_t prot, long usec)
{
	const struct itimerval timer = {.it_value = {.tv_usec = usec}};
	struct sigaction act = {.sa_handler = on_alarm};
	int err;

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	err = protect(fd, size, prot) ? errno : 0;
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	return err;
}

/* What nobody may access any more is moved, and back; not half of it. */
static void half_way_moved(uint32_t from, uint32_t to)
{
	const uint64_t size = LARGE / 4;
	int fd = region_create("region", align), err = 0;
	char *w;

	CU_ASSERT_FATAL(fd >= 0 && !region_add(fd, 0, size));
	w = region_window(fd, align);
	CU_ASSERT_FATAL(w != NULL);
	memset(w, 7, size);
	for (long usec = 40000; usec > 100 && err != EINTR; usec /= 2) {
		CU_ASSERT(!protect(fd, size, from));
		err = protect_with_alarm(fd, size, to, usec);
		CU_ASSERT(err == 0 || err == EINTR);
	}
	CU_ASSERT(err == EINTR);
	CU_ASSERT(try_read(w).signal == (from ? 0 : SIGSEGV));
	CU_ASSERT(try_read(w + size - 1).signal == (from ? 0 : SIGSEGV));
	CU_ASSERT(!protect(fd, size, PROT_READ | PROT_WRITE));
	CU_ASSERT(w[0] == 7 && !memcmp(w, w + 1, size - 1));
	CU_ASSERT(!munmap(w, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("region")));
}

static void interrupted_protection(void)
{
	half_way_moved(PROT_READ | PROT_WRITE, PROT_NONE);
	half_way_moved(PROT_NONE, PROT_READ | PROT_WRITE);
}

static void map_much(void *arg)
{
	CHILD_ASSERT(!region_add(*(int *)arg, page, LARGE));
}

/* Windows of the same region can be made while it is being filled. */
static void others_are_served(void)
{
	int fd = region_create("region", 4 * align), status, rounds = 0;
	struct stat st;
	pid_t pid;

	CU_ASSERT_FATAL(fd >= 0 && !region_add(fd, 0, page));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		map_much(&fd);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		char *w = region_window(fd, 4 * align);

		CU_ASSERT_FATAL(w != NULL);
		CU_ASSERT(try_read(w).signal == 0);
		CU_ASSERT(!munmap(w, 4 * align));
		CU_ASSERT(!stat(in_mount("region"), &st));
		rounds++;
	}
	CU_ASSERT(status == 0);
	/* Waiting for the mapping, it would have been one or two. */
	CU_ASSERT(rounds >= 10);
	close(fd);
	CU_ASSERT(!unlink(in_mount("region")));
}

static const struct test tests[] = {
	{"interrupted and undone", interrupted_and_undone},
	{"interrupted protection", interrupted_protection},
	{"others are served", others_are_served},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_interrupt", NULL, tests, N_TESTS(tests));
}
