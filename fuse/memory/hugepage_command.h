/* SPDX-License-Identifier: MIT */
/* The command that lets the kernel provide more huge pages of a size. */
#ifndef HUGEPAGE_COMMAND_H
#define HUGEPAGE_COMMAND_H

#include <stdint.h>

#define HUGEPAGES_COMMAND 160

/*
 * The command, for root, that allows this many huge pages on demand. page:
 * their size in bytes.
 */
const char *hugepages_command(uint64_t page, uint64_t pages,
			      char command[HUGEPAGES_COMMAND]);

/*
 * The size in bytes of the huge pages that sysctl(8) sets; 0: the kernel has
 * none.
 */
uint64_t hugepages_default(void);

#endif
