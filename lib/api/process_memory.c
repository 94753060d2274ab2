/* SPDX-License-Identifier: MIT */
#include "api/process_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "api/last_error.h"
#include "common/syscalls.h"

/* How it is mapped */

static int add_part(struct memory_parts *parts, const struct memory_part *more)
{
	struct memory_part *last, *grown;

	parts->prot |= more->prot;
	last = parts->n ? &parts->part[parts->n - 1] : NULL;
	if (last && last->prot == more->prot) {
		last->end = more->end;
		return 0;
	}
	/* by powers of two */
	if (!(parts->n & (parts->n - 1))) {
		grown = realloc(parts->part, (parts->n ? parts->n * 2 : 1) *
						     sizeof(*parts->part));
		if (!grown)
			return -ENOMEM;
		parts->part = grown;
	}
	parts->part[parts->n++] = *more;
	return 0;
}

/* A line of /proc/self/maps: whether it could be read. */
static int parse(const char *line, struct memory_part *part)
{
	char r, w, x;

	if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %c%c%c", &part->start,
		   &part->end, &r, &w, &x) != 5)
		return -EIO;
	part->prot = (r == 'r' ? PROT_READ : 0) | (w == 'w' ? PROT_WRITE : 0) |
		     (x == 'x' ? PROT_EXEC : 0);
	return 0;
}

static int not_mapped(uintptr_t at)
{
	return because(ENOMEM, "nothing is mapped at %#" PRIxPTR, at);
}

static int read_parts(FILE *maps, uintptr_t at, uintptr_t end,
		      struct memory_parts *parts)
{
	struct memory_part part;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && at < end && getline(&line, &size, maps) > 0) {
		err = parse(line, &part);
		if (err || part.end <= at)
			continue;
		if (part.start > at)
			break;
		part.start = at;
		part.end = part.end < end ? part.end : end;
		err = add_part(parts, &part);
		at = part.end;
	}
	free(line);
	return !err && at < end ? not_mapped(at) : err;
}

int memory_parts(uintptr_t addr, size_t length, struct memory_parts *parts)
{
	FILE *maps;
	int err;

	*parts = (struct memory_parts){0};
	maps = fopen("/proc/self/maps", "re");
	if (!maps && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return -errno;
	if (!maps)
		return because(EOPNOTSUPP,
			       "/proc/self/maps cannot be read (%s)",
			       strerrordesc_np(errno));
	err = read_parts(maps, addr, addr + length, parts);
	fclose(maps);
	if (err)
		free(parts->part);
	return err;
}

/* What it holds */

/* Of one piece, as far as it can be read in that way: > 0, or -errno. */
static long copy_some(void *to, uintptr_t from, size_t length)
{
	struct iovec here = {to, length};
	struct iovec there = {(void *)from, length};

	return SYS_CALL(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL,
			0UL);
}

/* The same, also where no access is allowed. */
static long copy_by_force(int *mem, void *to, uintptr_t from, size_t length)
{
	if (*mem < 0)
		*mem = (int)SYS_CALL(SYS_openat, AT_FDCWD, "/proc/self/mem",
				     O_RDONLY | O_CLOEXEC, 0);
	if (*mem < 0)
		return *mem;
	return SYS_CALL(SYS_pread64, *mem, to, length, from);
}

/* Small enough that a signal that ends the process is soon obeyed. */
#define AT_ONCE ((size_t)16 << 20)

int memory_copy(void *to, uintptr_t from, size_t length)
{
	int mem = -1;
	long n = 0;

	for (size_t done = 0; done < length && n >= 0; done += (size_t)n) {
		size_t some = length - done;
		char *at = (char *)to + done;

		some = some < AT_ONCE ? some : AT_ONCE;
		n = copy_some(at, from + done, some);
		if (n <= 0)
			n = copy_by_force(&mem, at, from + done, some);
		if (n == 0)
			n = -EIO;
	}
	if (mem >= 0)
		sys_close(mem);
	if (n == -EMFILE || n == -ENFILE)
		return (int)n;
	return n >= 0 ? 0
		      : because(EFAULT,
				"what the memory holds cannot be read: a file "
				"that was cut short, or a device");
}
