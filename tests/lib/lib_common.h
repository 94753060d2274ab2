/* SPDX-License-Identifier: MIT */
/*
 * Helpers that the tests of libmshare share. The tests are linked with the
 * library; tests/lib/mount_lib.sh runs them without the preload and with it.
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
/* Address of the 2022 regions; nothing else is mapped there. */
#define HERE ((char *)0x500000000000)

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

/*
 * Returns whether mshare_error() is one line that contains the text, for the
 * last call in this thread.
 */
static inline bool says(const char *what)
{
	const char *line = mshare_error();

	return strstr(line, what) && !strchr(line, '\n');
}

/*
 * Returns whether a call failed with this errno, and mshare_error() explains
 * it.
 */
static inline bool refuses(long ret, int err, const char *what)
{
	if (fails(ret, err) && says(what))
		return true;
	printf("errno %d, \"%s\"\n", errno, mshare_error());
	return false;
}

/* Selects the program's mount by $MSHAREFS_MOUNT. */
static inline void use_mount(void)
{
	setenv("MSHAREFS_MOUNT", mount_dir, 1);
}

/* Maps one unit of fresh memory at HERE. */
static inline char *memory_here(void)
{
	char *at = mmap(HERE, GIB, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE,
			-1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/*
 * In a child: makes a system call fail from now on if its arguments number i
 * and j have these values (-1: any value; j compares 32 bits).
 */
void refuse_call(unsigned int nr, int i, uint64_t a, int j, uint32_t b,
		 int err);

/*
 * In a child: enters new namespaces, where an ordinary user may mount and
 * nobody else sees it. Returns false if the system refuses that.
 */
bool own_namespace(int flags);

/* Returns whether the mount holds nothing but mshare_info. */
bool mount_is_empty(void);

#endif
