/* SPDX-License-Identifier: MIT */
/* The caller's own memory: how it is mapped, and what it holds. */
#ifndef PROCESS_MEMORY_H
#define PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Memory in one piece with one protection. */
struct memory_part {
	uintptr_t start;
	uintptr_t end;
	int prot;
};

struct memory_parts {
	struct memory_part *part; /* for free() */
	size_t n;
	int prot; /* all that any of them has */
};

/*
 * What [addr, addr + length) consists of. 0 or -errno with the reason noted;
 * -ENOMEM: a part of it is not mapped.
 */
int memory_parts(uintptr_t addr, size_t length, struct memory_parts *parts);

/*
 * Copies what memory holds, whatever its protection; what cannot be read (a
 * file that was cut short, a device) is -EFAULT, and no signal.
 */
int memory_copy(void *to, uintptr_t from, size_t length);

#endif
