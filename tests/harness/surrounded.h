/* SPDX-License-Identifier: MIT */
/*
 * A window between two units of other memory, for tests of what calls do to it
 * and to what lies beside it.
 */
#ifndef SURROUNDED_H
#define SURROUNDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096
#define MIB (1UL << 20)
#define RW (PROT_READ | PROT_WRITE)
#define MEMORY (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

extern uint64_t align; /* the mount's; the tests' main() sets it */

/*
 * The window in question: one unit large, of the region "f". Its first MiB is
 * mapped and holds an 'a'; the bytes before and behind the window an 'm'.
 */
extern int fd;
extern char *at;

void begin(void);
bool is_mapped(const char *addr, size_t length);
/* Whether all is as begin() left it; if not, where is the region's data? */
bool is_intact(void);

#endif
