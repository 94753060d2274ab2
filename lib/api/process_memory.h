/* SPDX-License-Identifier: MIT */
/* Reads the mappings and the contents of the calling process's memory. */
#ifndef PROCESS_MEMORY_H
#define PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Contiguous memory with one protection. */
struct memory_part {
	uintptr_t start;
	uintptr_t end;
	int prot;
};

struct memory_parts {
	struct memory_part *part; /* for free() */
	size_t n;
	int prot; /* PROT_* that any part has */
};

/*
 * Finds the parts of [addr, addr + length). 0; or -errno with the reason set;
 * -ENOMEM: a part of the range is not mapped.
 */
int process_memory_parts(uintptr_t addr, size_t length,
			 struct memory_parts *parts);

/*
 * Copies memory, whatever its protection. Memory that cannot be read, such as a
 * mapping beyond the end of a file, yields -EFAULT and no signal.
 */
int process_memory_copy(void *to, uintptr_t from, size_t length);

#endif
