/* SPDX-License-Identifier: MIT */
/*
 * What the test programs have in common, on top of CUnit. A program has one
 * table of tests and says
 *
 *	int main(void) { return run_tests("unit_size", tests, N_TESTS(tests)); }
 *
 * It prints one line per test and closes with "NAME: N passed, N failed, N
 * skipped"; the exit status is 0, 1, or 77 if it could not run at all. Tests
 * assert with CUnit's macros, or in child processes with CHILD_ASSERT().
 *
 * After each test the harness compares what the program and all processes that
 * it started hold with what they held before: memory, mounts, sockets and
 * processes. A test that leaves more, or less, has failed.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include <CUnit/CUnit.h>

struct test {
	const char *name;
	void (*run)(void);
};

#define N_TESTS(tests) (sizeof(tests) / sizeof((tests)[0]))

int run_tests(const char *name, const struct test *tests, size_t n);

/*
 * The same around a mount of msharefs, made before the first test and taken
 * down after the last one. options: for -o, or NULL. The backing is that of
 * $MSHARE_TEST_BACKING (default: auto).
 */
int run_mount_tests(const char *name, const char *options,
		    const struct test *tests, size_t n);

/* Called when the mount is there, before the first test. */
extern void (*before_tests)(void);

/* Says why the running test cannot be done here; the test returns after it. */
void skip_test(const char *reason);

/* Directories */

/*
 * How the names of all directories and mount points of this run begin:
 * $MSHARE_TEST_PREFIX, by which leaks are recognised as this run's.
 */
const char *test_prefix(void);
/* Makes a new directory with such a name; path, or NULL. */
char *new_dir(char path[PATH_MAX], const char *topic);

/* Mounts */

/* The mount point of the program's mount. */
extern char mount_dir[];
/* A path in it. The last eight results stay valid. */
const char *in_mount(const char *name);
/* The daemon's pid. */
extern pid_t mount_daemon;

/* Called in the process that will exec the daemon; dir is its mount point. */
extern void (*before_daemon)(const char *dir);

/* Mounts over dir, which exists. Returns the daemon's pid, or -1. */
pid_t daemon_start(const char *dir, const char *options);
/* fusermount3 -u, then the daemon's exit status as wait_for_exit() has it. */
int daemon_stop(const char *dir, pid_t daemon);

/*
 * Stops a daemon until it gets SIGCONT. SIGSTOP alone takes effect a moment
 * later, thread by thread.
 */
bool daemon_freeze(pid_t daemon);

/* How many descriptors the daemon of the program's mount has. */
int daemon_fds(void);
/* The same, when the daemon has heard of the last munmap(). */
int daemon_settled_fds(void);
/* A line of the daemon's /proc status, such as "VmRSS", in KiB; or -1. */
long daemon_kib(const char *key);
/* For wait_until(): whether the daemon has *(int *)arg descriptors. */
bool daemon_fds_are(void *arg);

/* Whether the daemon that was started last has written this to its log. */
bool daemon_said(const char *what);
/* Prints that log. */
void daemon_show_log(void);

/* Regions, in v3's form */

/* Creates name in the mount with that size (0: none set); the descriptor. */
int region_create(const char *name, uint64_t size);
/* CREATE_MAPPING of fresh memory, MAP_SHARED|MAP_FIXED|MAP_ANONYMOUS. */
int region_add(int fd, uint64_t offset, uint64_t size);
/* The same with another protection, and flags like MAP_NORESERVE. */
int region_add_like(int fd, uint64_t offset, uint64_t size, int prot,
		    int flags);
int region_unmap_range(int fd, uint64_t offset, uint64_t size);
/* mmap(NULL) of the whole region, readable and writable; NULL if it fails. */
char *region_window(int fd, uint64_t size);

/* The number in mshare_info, and the page size that df shows. */
uint64_t mount_align(void);
uint64_t mount_page(void);
/* Whether the daemon says that page tables are shared. */
bool mount_shares(void);

/* Processes */

/* Waits for a child: its exit status, 256 + the signal it died of, or -1. */
int wait_for_exit(pid_t pid);
/* Calls run(arg) in a child; how that ended, as wait_for_exit() has it. */
int in_child(void (*run)(void *arg), void *arg);
/* In a child: prints what failed and exits with status 1. */
#define CHILD_ASSERT(condition)                                       \
	do {                                                          \
		if (!(condition))                                     \
			child_failed(#condition, __FILE__, __LINE__); \
	} while (0)
_Noreturn void child_failed(const char *what, const char *file, int line);

/* Runs a program without the preload; how that ended, likewise. */
int run_program(const char *const argv[]);

/* How an access ended. */
struct fault {
	int signal; /* 0: it succeeded */
	int code;
	void *addr;
};
/* Reads or writes a byte; a SIGSEGV or SIGBUS is caught and reported. */
struct fault try_read(const volatile char *at);
struct fault try_write(volatile char *at, char value);
/* Writes eight bytes at once, wherever they begin. */
struct fault try_write_8(volatile char *at);

/*
 * For code that counts page faults: under AddressSanitizer each access would
 * touch the page's shadow as well.
 */
#define UNINSTRUMENTED __attribute__((no_sanitize("address", "undefined")))

/* Other processes */

/* Reads a file of /proc/PID, such as "comm"; "" if the process has ended. */
void process_read(pid_t pid, const char *name, char *text, size_t size);
/* The state of a thread, such as 'S'; 0: it has ended. */
char process_state(pid_t pid, pid_t tid);
/* How many entries /proc/PID/fd has: two more than there are descriptors. */
int process_fds(pid_t pid);

/* Measures */

/* Huge pages of the default size that this program's processes hold. */
long huge_pages_held(void);
/* KiB of memory of regions that they hold, whatever the backing is. */
long memory_held(void);
/* A line of /proc/meminfo: the whole machine's. */
long meminfo(const char *key);
/* Waits until condition(arg) is true, for a time that no load uses up. */
bool wait_until(bool (*condition)(void *arg), void *arg);

#endif
