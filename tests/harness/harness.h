/* SPDX-License-Identifier: MIT */
/*
 * What the test programs have in common, on top of CUnit. A program has one
 * table of tests and says
 *
 *	int main(void) { return run_tests("unit_size", tests, N_TESTS(tests)); }
 *
 * It prints a line a test and closes with "NAME: N passed, N failed, N
 *skipped"; the exit status is 0, 1, or 77 if it could not run at all. Tests
 *assert with CUnit's macros, or from child processes with CHILD_ASSERT().
 *
 * Around every test it is checked that no huge page, mount, socket or process
 *is left (tests that mount per program: none more than before the test).
 */
#ifndef HARNESS_H
#define HARNESS_H

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

/* Called once the mount is there, before the first test. */
extern void (*before_tests)(void);

/* The test that is running cannot be done here; it returns after this. */
void skip_test(const char *reason);

/* Mounts */

/* The mount point of the program's mount. */
extern char mount_dir[];
/* A path in it; a few calls may be outstanding at a time. */
const char *in_mount(const char *name);
/* The daemon's pid. */
extern pid_t mount_daemon;

/* In the process that is about to become the daemon; dir is where it mounts. */
extern void (*before_daemon)(const char *dir);

/* For tests that mount by themselves; dir exists. 0, or -1 with a CUnit fail.
 */
pid_t daemon_start(const char *dir, const char *options);
/* fusermount3 -u, then its exit status (-1 if it died of a signal). */
int daemon_stop(const char *dir, pid_t daemon);

/* How many descriptors the daemon of the program's mount has. */
int daemon_fds(void);
/* The same, once the last munmap() has been heard of. */
int daemon_settled_fds(void);
/* What /proc says of its memory under a key like "VmRSS", in KiB; or -1. */
long daemon_kib(const char *key);
/* For wait_until(): whether its descriptors are *(int *)arg. */
bool daemon_fds_are(void *arg);

/* Whether the daemon started last has written this to its log. */
bool daemon_said(const char *what);

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

/* Runs in a child; its exit status, or 256 + the signal it died of. */
int in_child(void (*run)(void *arg), void *arg);
/* In a child: complains and exits with status 1. */
#define CHILD_ASSERT(condition)                                       \
	do {                                                          \
		if (!(condition))                                     \
			child_failed(#condition, __FILE__, __LINE__); \
	} while (0)
_Noreturn void child_failed(const char *what, const char *file, int line);

/* Runs a program, without the preload; its exit status likewise. */
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

/* Machine */

/* Pages of the default huge page size in use, anywhere. */
long huge_pages_used(void);
long meminfo(const char *key);
/* Waits until condition(arg) is true, 5 s at most. */
bool wait_until(bool (*condition)(void *arg), void *arg);

#endif
