/* SPDX-License-Identifier: MIT */
/* Huge pages of a size: the command that lets there be more of them. */
#ifndef HUGEPAGES_H
#define HUGEPAGES_H

#include <stdint.h>

#define HUGEPAGES_COMMAND 160

/* For root to give: pages huge pages of that size, in bytes, on demand. */
const char *hugepages_command(uint64_t page, uint64_t pages,
			      char command[HUGEPAGES_COMMAND]);

/* The size of those that sysctl(8) means, in bytes; 0: there are none. */
uint64_t hugepages_default(void);

#endif
