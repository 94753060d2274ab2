/* SPDX-License-Identifier: MIT */
/*
 * What tests of libmshare have in common. They are linked with it, and
 * tests/mount_lib.sh runs them without the preload and under it.
 */
#ifndef TESTS_LIB_H
#define TESTS_LIB_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/calls.h"
#include "harness/harness.h"
#include <mshare.h>

#define RW (PROT_READ | PROT_WRITE)
#define GIB ((size_t)1 << 30)
/* Where the regions of 2022 are; nothing else is mapped there. */
#define HERE ((char *)0x500000000000)

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* In this thread's last call: whether mshare_error() says so, on one line. */
static inline bool says(const char *what)
{
	const char *line = mshare_error();

	return strstr(line, what) && !strchr(line, '\n');
}

/* Whether a call fails with this errno, and mshare_error() explains it. */
static inline bool refuses(long ret, int err, const char *what)
{
	if (fails(ret, err) && says(what))
		return true;
	printf("errno %d, \"%s\"\n", errno, mshare_error());
	return false;
}

/* $MSHAREFS_MOUNT names the program's mount. */
static inline void use_mount(void)
{
	setenv("MSHAREFS_MOUNT", mount_dir, 1);
}

/* Fresh memory at HERE, a unit of the mount. */
static inline char *memory_here(void)
{
	char *at = mmap(HERE, GIB, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE,
			-1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/*
 * In a child: from now on a system call fails, if its arguments number i and j
 * have these values (-1: whatever they are; of j, 32 bits).
 */
void refuse_call(unsigned int nr, int i, uint64_t a, int j, uint32_t b,
		 int err);

/*
 * In a child: into namespaces of its own, where an ordinary user may mount,
 * too; what is mounted there nobody else sees. false: that is refused here.
 */
bool own_namespace(int flags);

/* Whether there is nothing in the mount but mshare_info. */
bool mount_is_empty(void);

#endif
