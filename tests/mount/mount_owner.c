/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 7, the option "ownership": the process that creates
 * a region owns it; when it exits, the region is empty in every process, for
 * good.
 */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 4 /* of memory in each region */
#define START 0x220000000000ULL

static uint64_t align, page;

/* Processes that own regions */

static struct {
	pid_t pid;
	int ready; /* written by the owner: done so far */
	int go;	   /* read by the owner: end of file tells it to end */
	int tell;  /* the test's end of go */
	int hear;  /* the test's end of ready */
} owner;

/* In an owner: reports progress, and returns when told to end. */
static void say_and_wait(void)
{
	char byte = 0;

	CHILD_ASSERT(write(owner.ready, &byte, 1) == 1);
	CHILD_ASSERT(read(owner.go, &byte, 1) == 0);
}

static bool owner_said(void)
{
	char byte;

	return read(owner.hear, &byte, 1) == 1;
}

static void owner_start(void (*life)(void))
{
	int ready[2], go[2];

	CU_ASSERT_FATAL(!pipe2(ready, O_CLOEXEC) && !pipe2(go, O_CLOEXEC));
	owner.ready = ready[1];
	owner.go = go[0];
	owner.hear = ready[0];
	owner.tell = go[1];
	fflush(NULL);
	owner.pid = fork();
	if (owner.pid == 0) {
		close(owner.hear);
		close(owner.tell);
		life();
		_exit(0);
	}
	close(owner.ready);
	close(owner.go);
	CU_ASSERT_FATAL(owner_said());
}

/* Waits until it has exited, by the signal or by itself. */
static void owner_wait(int signal)
{
	int status = -1;

	if (signal)
		kill(owner.pid, signal);
	else
		close(owner.tell);
	CU_ASSERT(waitpid(owner.pid, &status, 0) == owner.pid);
	CU_ASSERT(signal ? WIFSIGNALED(status) && WTERMSIG(status) == signal
			 : status == 0);
	if (signal)
		close(owner.tell);
	close(owner.hear);
}

/* Regions and windows of others */

static int make(const char *name)
{
	int fd = region_create(name, align);

	if (fd >= 0 && region_add(fd, 0, PAGES * page)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void own_one(void)
{
	CHILD_ASSERT(make("f") >= 0);
	say_and_wait();
}

static int fd;
static char *at;

/* The test's process opens and maps what the owner made. */
static void join(const char *name)
{
	fd = open(in_mount(name), O_RDWR | O_CLOEXEC);
	CU_ASSERT_FATAL(fd >= 0);
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
	at[0] = 'a';
}

static void leave(const char *name)
{
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount(name)));
}

static bool is_hole(void *arg)
{
	const char *byte = arg;
	struct fault f = try_read(byte);

	return f.signal == SIGSEGV && f.code == SEGV_MAPERR && f.addr == byte;
}

/* Long enough that it would have happened. */
static bool is_still_there(void)
{
	usleep(100000);
	return !try_read(at).signal && at[0] == 'a' &&
	       region_mapped(fd) == PAGES * page;
}

static bool nothing_mapped(void *arg)
{
	return region_mapped(*(int *)arg) == 0;
}

/* All of section 7, in the window "at" of the region "fd" */
static void check_ended(void)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), fds[2];

	/* Its pages go one after the other. */
	CU_ASSERT(wait_until(is_hole, at));
	CU_ASSERT(wait_until(is_hole, at + PAGES * page - 1));
	CU_ASSERT(is_hole(at + align - 1));
	CU_ASSERT(wait_until(nothing_mapped, &fd));
	CU_ASSERT(fails(read(zero, at, 16), EFAULT));
	CU_ASSERT_FATAL(!pipe(fds));
	CU_ASSERT(fails(write(fds[1], at, 1), EFAULT));
	close(fds[0]);
	close(fds[1]);
	close(zero);
	CU_ASSERT(MAP_FAILS(mmap(NULL, align, RW, MAP_SHARED, fd, 0), EINVAL));
	CU_ASSERT(fails(region_add(fd, 0, page), EINVAL));
	CU_ASSERT(fails(region_unmap_range(fd, 0, page), EINVAL));
	CU_ASSERT(fails(ftruncate(fd, (off_t)align), EINVAL));
	CU_ASSERT(fails(v1_set_size(fd, START, align), EINVAL));
	CU_ASSERT(fails(v1_unmap(fd, 0, page), EINVAL));
	CU_ASSERT(is_hole(at));
}

/* Ways for an owner to end */

static void check_end(void (*life)(void), int signal)
{
	long before = huge_pages_held();

	owner_start(life);
	join("f");
	CU_ASSERT(is_still_there());
	owner_wait(signal);
	check_ended();
	/* The file and the window are there, their memory is not. */
	CU_ASSERT(huge_pages_held() == before);
	leave("f");
}

static void exits(void)
{
	check_end(own_one, 0);
}

static void is_killed(void)
{
	check_end(own_one, SIGKILL);
}

static void own_by_mknod(void)
{
	int made;

	CHILD_ASSERT(!mknod(in_mount("f"), S_IFREG | 0600, 0));
	made = open(in_mount("f"), O_RDWR);
	CHILD_ASSERT(made >= 0 && !ftruncate(made, (off_t)align));
	CHILD_ASSERT(!region_add(made, 0, PAGES * page));
	say_and_wait();
}

static void makes_by_mknod(void)
{
	check_end(own_by_mknod, 0);
}

static void *sleep_then_exit(void *arg)
{
	(void)arg;
	say_and_wait(); /* the region exists, and the test has checked it */
	_exit(0);
}

/* The main thread exits, but the process does not. */
static void own_and_end_main_thread(void)
{
	pthread_t thread;

	CHILD_ASSERT(make("f") >= 0);
	CHILD_ASSERT(!pthread_create(&thread, NULL, sleep_then_exit, NULL));
	pthread_exit(NULL);
}

static void main_thread_ends(void)
{
	check_end(own_and_end_main_thread, 0);
	check_end(own_and_end_main_thread, SIGKILL);
}

static void *make_one(void *arg)
{
	(void)arg;
	CHILD_ASSERT(make("f") >= 0);
	return NULL;
}

static void own_by_thread(void)
{
	pthread_t thread;

	CHILD_ASSERT(!pthread_create(&thread, NULL, make_one, NULL));
	CHILD_ASSERT(!pthread_join(thread, NULL));
	say_and_wait();
}

static void thread_has_made_it(void)
{
	check_end(own_by_thread, 0);
}

static pthread_t main_thread;

static void *make_without_main_thread(void *arg)
{
	CHILD_ASSERT(!pthread_join(main_thread, NULL));
	make_one(arg);
	say_and_wait();
	_exit(0);
}

static void own_after_main_thread(void)
{
	pthread_t thread;

	main_thread = pthread_self();
	CHILD_ASSERT(
		!pthread_create(&thread, NULL, make_without_main_thread, NULL));
	pthread_exit(NULL);
}

/* The region is created after the main thread has exited. */
static void made_after_main_thread(void)
{
	check_end(own_after_main_thread, 0);
}

static void own_without_mapping(void)
{
	CHILD_ASSERT(region_create("empty", align) >= 0);
	CHILD_ASSERT(region_create("unsized", 0) >= 0);
	say_and_wait();
}

static bool is_refused(void *arg)
{
	char *w = mmap(NULL, align, RW, MAP_SHARED, *(int *)arg, 0);

	if (w == MAP_FAILED)
		return errno == EINVAL;
	munmap(w, align);
	return false;
}

/* The region ends too if nothing is mapped yet, or even its size is not set. */
static void ends_early(void)
{
	int sized, unsized;

	owner_start(own_without_mapping);
	sized = open(in_mount("empty"), O_RDWR | O_CLOEXEC);
	unsized = open(in_mount("unsized"), O_RDWR | O_CLOEXEC);
	CU_ASSERT(sized >= 0 && unsized >= 0 && !is_refused(&sized));
	owner_wait(0);
	CU_ASSERT(wait_until(is_refused, &sized));
	CU_ASSERT(fails(region_add(sized, 0, page), EINVAL));
	CU_ASSERT(fails(v1_set_size(unsized, START, align), EINVAL));
	CU_ASSERT(fails(ftruncate(unsized, (off_t)align), EINVAL));
	CU_ASSERT(fails(region_add(unsized, 0, page), EINVAL));
	close(sized);
	close(unsized);
	CU_ASSERT(!unlink(in_mount("empty")) && !unlink(in_mount("unsized")));
}

/* Events that do not end a region */

static void own_and_exec(void)
{
	char ready[16], go[16];

	CHILD_ASSERT(make("f") >= 0);
	CHILD_ASSERT(!fcntl(owner.ready, F_SETFD, 0) &&
		     !fcntl(owner.go, F_SETFD, 0));
	snprintf(ready, sizeof(ready), "%d", owner.ready);
	snprintf(go, sizeof(go), "%d", owner.go);
	execl("/proc/self/exe", "mount_owner", "wait", ready, go, NULL);
	CHILD_ASSERT(!"exec");
}

static void *exec_in_thread(void *arg)
{
	(void)arg;
	own_and_exec();
	return NULL;
}

static void own_and_exec_in_thread(void)
{
	pthread_t thread;

	CHILD_ASSERT(!pthread_create(&thread, NULL, exec_in_thread, NULL));
	pause();
}

static void exec_is_no_exit(void)
{
	check_end(own_and_exec, 0);
	check_end(own_and_exec, SIGKILL);
	check_end(own_and_exec_in_thread, SIGKILL);
}

static void own_with_children(void)
{
	CHILD_ASSERT(make("f") >= 0);
	for (int i = 0; i < 5; i++) {
		pid_t pid = i % 2 ? vfork() : fork();
		int status;

		if (pid == 0)
			_exit(0);
		CHILD_ASSERT(waitpid(pid, &status, 0) == pid && !status);
	}
	say_and_wait();
}

static void end_of_its_children(void)
{
	check_end(own_with_children, 0);
}

/* A child inherits everything from its parent but ownership. */
static void own_and_leave_child(void)
{
	int made = make("f");
	char *w = region_window(made, align);
	pid_t pid;

	CHILD_ASSERT(w && !try_read(w).signal);
	pid = fork();
	if (pid == 0) {
		CHILD_ASSERT(!try_read(w).signal);
		say_and_wait();
		CHILD_ASSERT(wait_until(is_hole, w));
		CHILD_ASSERT(fails(region_add(made, 0, page), EINVAL));
		_exit(write(owner.ready, "x", 1) != 1);
	}
	pause();
}

static void children_own_nothing(void)
{
	owner_start(own_and_leave_child);
	join("f");
	CU_ASSERT(is_still_there());
	kill(owner.pid, SIGKILL);
	check_ended();
	close(owner.tell);
	CU_ASSERT(owner_said());  /* from the child */
	CU_ASSERT(!owner_said()); /* its exit */
	CU_ASSERT(waitpid(owner.pid, NULL, 0) == owner.pid);
	close(owner.hear);
	leave("f");
}

static void open_what_is_there(void)
{
	int there = open(in_mount("f"), O_RDWR | O_CREAT, 0600);

	CHILD_ASSERT(there >= 0 && !region_add(there, 0, page));
	CHILD_ASSERT(region_window(there, align) != NULL);
	CHILD_ASSERT(make("theirs") >= 0);
	say_and_wait();
}

/* The test's own region, and one of another process that lives */
static void other_owners(void)
{
	int ours = make("f"), theirs;

	CU_ASSERT_FATAL(ours >= 0);
	owner_start(open_what_is_there);
	join("f");
	theirs = open(in_mount("theirs"), O_RDWR | O_CLOEXEC);
	CU_ASSERT(theirs >= 0 && !is_refused(&theirs));
	owner_wait(0);
	CU_ASSERT(wait_until(is_refused, &theirs));
	CU_ASSERT(is_still_there() && !is_refused(&fd));
	close(theirs);
	CU_ASSERT(!unlink(in_mount("theirs")));
	close(ours);
	leave("f");
}

/* Many regions */

static char *several[3];

static void own_several(void)
{
	static const char *const names[] = {"a", "b", "c"};
	int made;

	for (int i = 0; i < 3; i++)
		CHILD_ASSERT(make(names[i]) >= 0);
	made = v1_create("v1", START, align);
	CHILD_ASSERT(made >= 0 && !v1_add(made, START, PAGES * page));
	CHILD_ASSERT(!rename(in_mount("b"), in_mount("d")));
	CHILD_ASSERT(!link(in_mount("c"), in_mount("e")));
	CHILD_ASSERT(!unlink(in_mount("c")));
	say_and_wait();
}

/* Renamed, linked and unlinked regions, and one with a start */
static void several_regions(void)
{
	static const char *const names[] = {"a", "d", "e"};
	int fds[3];

	owner_start(own_several);
	for (int i = 0; i < 3; i++) {
		fds[i] = open(in_mount(names[i]), O_RDWR | O_CLOEXEC);
		several[i] = region_window(fds[i], align);
		CU_ASSERT_FATAL(several[i] && !try_read(several[i]).signal);
	}
	join("v1");
	CU_ASSERT(at == (char *)START && is_still_there());
	owner_wait(0);
	check_ended();
	CU_ASSERT(fails(v1_add(fd, START, page), EINVAL));
	CU_ASSERT(fails(v1_unmap(fd, START, page), EINVAL));
	for (int i = 0; i < 3; i++) {
		CU_ASSERT(wait_until(is_hole, several[i]));
		CU_ASSERT(is_refused(&fds[i]));
		CU_ASSERT(!munmap(several[i], align) && !close(fds[i]));
		CU_ASSERT(!unlink(in_mount(names[i])));
	}
	leave("v1");
}

/* Regions come and go, while their owner stays. */
static void make_and_unlink(int n)
{
	for (int i = 0; i < n; i++) {
		int made = make("g");

		CHILD_ASSERT(made >= 0 && !unlink(in_mount("g")));
		CHILD_ASSERT(!close(made));
	}
}

static void own_a_thousand(void)
{
	int before = daemon_fds(), one_more = before + 1;
	long kib;

	make_and_unlink(1000);
	/* one descriptor for the owner itself */
	CHILD_ASSERT(wait_until(daemon_fds_are, &one_more));
	kib = daemon_kib("VmRSS");
	make_and_unlink(4000);
	CHILD_ASSERT(wait_until(daemon_fds_are, &one_more));
	CHILD_ASSERT(kib > 0);
#ifndef __SANITIZE_ADDRESS__ /* which delays freeing */
	CHILD_ASSERT(daemon_kib("VmRSS") < kib + 512);
#endif
	say_and_wait();
}

static void thousands_of_regions(void)
{
	long pages = huge_pages_held();
	int before = daemon_fds();

	CU_ASSERT(before > 0);
	owner_start(own_a_thousand);
	CU_ASSERT(huge_pages_held() == pages);
	owner_wait(0);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
}

static void own_a_hundred(void)
{
	char name[16];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		CHILD_ASSERT(make(name) >= 0);
	}
	say_and_wait();
}

static bool pages_are(void *arg)
{
	return huge_pages_held() == *(long *)arg;
}

/* They are emptied at once, though their files stay. */
static void hundred_regions_end(void)
{
	long pages = huge_pages_held();
	char name[16];

	owner_start(own_a_hundred);
	if (page > 1 << 20)
		CU_ASSERT(huge_pages_held() == pages + 100 * PAGES);
	owner_wait(SIGKILL);
	CU_ASSERT(wait_until(pages_are, &pages));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		CU_ASSERT(!unlink(in_mount(name)));
	}
}

/* Owners killed in the middle of something */

#define MUCH 64 /* pages: takes some milliseconds */

static void own_and_map_on(void)
{
	int made = make("f");
	char byte = 0;

	CHILD_ASSERT(made >= 0 && write(owner.ready, &byte, 1) == 1);
	for (;;) {
		region_add(made, PAGES * page, MUCH * page);
		region_unmap_range(made, PAGES * page, MUCH * page);
	}
}

static void is_killed_while_it_maps(void)
{
	for (int i = 0; i < 30; i++) {
		long before = huge_pages_held();

		owner_start(own_and_map_on);
		join("f");
		usleep((useconds_t)i * 700);
		owner_wait(SIGKILL);
		check_ended();
		CU_ASSERT(is_hole(at + PAGES * page));
		CU_ASSERT(wait_until(pages_are, &before));
		leave("f");
	}
}

static void *map_until_refused(void *arg)
{
	(void)arg;
	while (!region_add(fd, PAGES * page, page))
		;
	return (void *)(long)errno;
}

/* Others map in the region at that moment: their mappings go too. */
static void others_map_meanwhile(void)
{
	for (int i = 0; i < 30; i++) {
		pthread_t threads[3];
		void *err;

		owner_start(own_one);
		join("f");
		for (int j = 0; j < 3; j++)
			CU_ASSERT_FATAL(!pthread_create(
				&threads[j], NULL, map_until_refused, NULL));
		usleep((useconds_t)i * 100);
		owner_wait(SIGKILL);
		for (int j = 0; j < 3; j++)
			CU_ASSERT(!pthread_join(threads[j], &err) &&
				  (long)err == EINVAL);
		check_ended();
		CU_ASSERT(is_hole(at + PAGES * page));
		leave("f");
	}
}

/* Without the option */

static void without_ownership(void)
{
	CU_ASSERT(other_mount_start(NULL));
	owner_start(own_one);
	owner_wait(0);
	fd = open(in_mount("f"), O_RDWR | O_CLOEXEC);
	at = region_window(fd, align);
	CU_ASSERT(at != NULL);
	if (at) {
		at[0] = 'a';
		CU_ASSERT(is_still_there());
		CU_ASSERT(!region_add(fd, PAGES * page, page));
		leave("f");
	}
	other_mount_end();
}

static const struct test tests[] = {
	{"the owner exits", exits},
	{"the owner is killed", is_killed},
	{"mknod() creates too", makes_by_mknod},
	{"the main thread ends", main_thread_ends},
	{"made by a thread that has ended", thread_has_made_it},
	{"made after the main thread ended", made_after_main_thread},
	{"it ends before it is mapped", ends_early},
	{"exec is no exit", exec_is_no_exit},
	{"children that exit", end_of_its_children},
	{"children own nothing", children_own_nothing},
	{"other owners", other_owners},
	{"several regions", several_regions},
	{"thousands of regions", thousands_of_regions},
	{"a hundred regions end", hundred_regions_end},
	{"killed while it maps", is_killed_while_it_maps},
	{"others map meanwhile", others_map_meanwhile},
	{"without the option", without_ownership},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "wait")) {
		owner.ready = atoi(argv[2]);
		owner.go = atoi(argv[3]);
		say_and_wait();
		return 0;
	}
	before_tests = look;
	return run_mount_tests("mount_owner", "ownership", tests,
			       N_TESTS(tests));
}
