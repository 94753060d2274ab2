/* SPDX-License-Identifier: MIT */
#include "harness/surrounded.h"

#include <signal.h>
#include <unistd.h>

#include "harness/harness.h"

uint64_t align;
int fd;
char *at;

void begin(void)
{
	char *room = mmap(NULL, 4 * align, RW, MEMORY, -1, 0);
	size_t head = align - (uintptr_t)room % align;

	CU_ASSERT_FATAL(room != MAP_FAILED);
	munmap(room, head);
	munmap(room + head + 3 * align, align - head);
	at = room + head + align;
	at[-1] = at[align] = 'm';
	fd = region_create("f", align);
	CU_ASSERT_FATAL(mmap(at, align, RW, MAP_SHARED | MAP_FIXED, fd, 0) ==
			at);
	CU_ASSERT(!region_add(fd, 0, MIB));
	at[0] = 'a';
}

bool is_mapped(const char *addr, size_t length)
{
	void *where = mmap((void *)addr, length, PROT_NONE,
			   MEMORY | MAP_FIXED_NOREPLACE, -1, 0);

	if (where != MAP_FAILED)
		munmap(where, length);
	return where != addr;
}

bool is_intact(void)
{
	char old = at[PAGE];
	char *other = region_window(fd, align);
	bool same;

	if (try_write(at + PAGE, (char)(old + 1)).signal || !other)
		return false;
	same = at[0] == 'a' && at[-1] == 'm' && at[align] == 'm' &&
	       other[0] == 'a' && other[PAGE] == (char)(old + 1) &&
	       try_read(at + align - 1).signal == SIGSEGV;
	return !munmap(other, align) && same;
}
