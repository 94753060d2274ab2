/* SPDX-License-Identifier: MIT */
/* A library for inert_calls to open: it maps memory as it comes and goes. */
#include <stdio.h>
#include <sys/mman.h>

static char *memory;

__attribute__((constructor)) static void come(void)
{
	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memory[0] = 'p';
	printf("plugin comes: %d\n", mprotect(memory, 4096, PROT_READ));
}

__attribute__((destructor)) static void go(void)
{
	printf("plugin goes: %c\n", memory[0]);
	printf("%d\n", munmap(memory, 8192));
}

__attribute__((visibility("default"))) int plugin_works(void);

int plugin_works(void)
{
	static __thread int times;

	return ++times;
}
