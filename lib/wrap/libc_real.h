/* SPDX-License-Identifier: MIT */
/*
 * The functions of libc that the wrappers replace. Until real_init() has run,
 * the common ones are raw system calls, so that the wrappers work from the
 * first instruction of the process without a branch. The others need NEED().
 */
#ifndef LIBC_REAL_H
#define LIBC_REAL_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/vfs.h>

struct real {
	void *(*mmap)(void *, size_t, int, int, int, int64_t);
	int (*munmap)(void *, size_t);
	int (*mprotect)(void *, size_t, int);
	void *(*mremap)(void *, size_t, size_t, int, void *);
	int (*madvise)(void *, size_t, int);
	int (*posix_madvise)(void *, size_t, int);
	ssize_t (*process_madvise)(int, const struct iovec *, size_t, int,
				   unsigned int);
	int (*pkey_mprotect)(void *, size_t, int, int);
	int (*remap_file_pages)(void *, size_t, int, size_t, int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*pread)(int, void *, size_t, off_t);
	ssize_t (*readv)(int, const struct iovec *, int);
	ssize_t (*read_chk)(int, void *, size_t, size_t);
	ssize_t (*pread_chk)(int, void *, size_t, off_t, size_t);
	int (*dup2)(int, int);
	int (*dup3)(int, int, int);
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	void (*(*signal)(int, void (*)(int)))(int);
	void (*(*sysv_signal)(int, void (*)(int)))(int);
	void (*(*sigset)(int, void (*)(int)))(int);
	int (*sigignore)(int);
	int (*siginterrupt)(int, int);
	int (*open)(const char *, int, mode_t);
	int (*openat)(int, const char *, int, mode_t);
	int (*open_2)(const char *, int);
	int (*openat_2)(int, const char *, int);
	FILE *(*fopen)(const char *, const char *);
	FILE *(*setmntent)(const char *, const char *);
	int (*statfs)(const char *, struct statfs *);
	int (*fstatfs)(int, struct statfs *);
	int (*mount)(const char *, const char *, const char *, unsigned long,
		     const void *);
	int (*umount2)(const char *, int);
	void *(*dlopen)(const char *, int);
};

extern struct real real;

void real_init(void);

#endif
