/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 6, once a region is mapped: what munmap(),
 * mprotect(), mremap() and mmap() over it do, and what other windows of it
 * show. What must be left alone is mount_beside.c's.
 */
#include "harness/calls.h"
#include "harness/harness.h"
#include "harness/surrounded.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define START 0x200000000000ULL
/* Returns whether the region still has its content after the window is gone. */
static bool region_stays(void)
{
	char *other = region_window(fd, align);
	bool same = other && other[0] == 'a' && region_mapped(fd) == MIB;

	return same && !munmap(other, align);
}

/* Undoes begin(). */
static void end(void)
{
	CU_ASSERT(!munmap(at - align, 3 * align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* munmap() */

static void partial_munmap(void)
{
	begin();
	CU_ASSERT(fails(munmap(at, PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at, align / 2), EINVAL));
	CU_ASSERT(fails(munmap(at, align - PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at + PAGE, align - PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at + align - PAGE, PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at + align / 2, PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at + align / 2, 2 * MIB), EINVAL));
	/* Ranges that reach into it from outside, at either end. */
	CU_ASSERT(fails(munmap(at - PAGE, 2 * PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at - PAGE, align), EINVAL));
	CU_ASSERT(fails(munmap(at + align - PAGE, 2 * PAGE), EINVAL));
	/* Ranges that are wrong for any mapping. */
	CU_ASSERT(fails(munmap(at, 0), EINVAL));
	CU_ASSERT(fails(munmap(at + 1, align), EINVAL));
	CU_ASSERT(is_intact());
	end();
}

static void whole_munmap(void)
{
	begin();
	CU_ASSERT(!munmap(at, align));
	CU_ASSERT(!is_mapped(at, align) && region_stays());
	CU_ASSERT(!munmap(at, align)); /* as for any unmapped range */
	CU_ASSERT(!munmap(at, PAGE));
	CU_ASSERT(at[-1] == 'm' && at[align] == 'm');
	end();
}

/* munmap() rounds a length up, as mmap() does. */
static void whole_munmap_rounded(void)
{
	begin();
	CU_ASSERT(fails(munmap(at, align - PAGE), EINVAL) && is_intact());
	CU_ASSERT(!munmap(at, align - 1));
	CU_ASSERT(!is_mapped(at, align) && region_stays());
	end();
}

static void larger_munmap(void)
{
	begin();
	CU_ASSERT(!munmap(at - PAGE, align + 2 * PAGE));
	CU_ASSERT(!is_mapped(at - PAGE, align + 2 * PAGE) && region_stays());
	CU_ASSERT(at[-PAGE - 1] == 0 && at[align + PAGE] == 0);
	end();
}

/* A range over two windows unmaps both, or neither. */
static void munmap_of_two(void)
{
	char *next;

	begin();
	next = mmap(at + align, align, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	CU_ASSERT(next == at + align && next[0] == 'a');
	CU_ASSERT(fails(munmap(at, align + PAGE), EINVAL));
	CU_ASSERT(fails(munmap(at + PAGE, 2 * align - PAGE), EINVAL));
	CU_ASSERT(at[0] == 'a' && next[0] == 'a');
	CU_ASSERT(!munmap(at, 2 * align));
	CU_ASSERT(!is_mapped(at, 2 * align) && region_stays());
	end();
}

/* mprotect(), mremap() */

static void no_mprotect(void)
{
	begin();
	CU_ASSERT(fails(mprotect(at, align, PROT_READ), EINVAL));
	CU_ASSERT(fails(mprotect(at, align, PROT_NONE), EINVAL));
	CU_ASSERT(fails(mprotect(at, align, RW), EINVAL));
	CU_ASSERT(fails(mprotect(at, PAGE, PROT_READ), EINVAL));
	CU_ASSERT(fails(mprotect(at + 2 * MIB, 2 * MIB, PROT_READ), EINVAL));
	CU_ASSERT(fails(mprotect(at + align - PAGE, PAGE, PROT_READ), EINVAL));
	CU_ASSERT(fails(mprotect(at - PAGE, 2 * PAGE, PROT_READ), EINVAL));
	CU_ASSERT(fails(mprotect(at + align - PAGE, 2 * PAGE, PROT_READ),
			EINVAL));
	CU_ASSERT(fails(mprotect(at - align, 3 * align, PROT_READ), EINVAL));
	CU_ASSERT(is_intact());
	CU_ASSERT(!try_write(at - 1, 'm').signal);
	end();
}

static void no_mremap(void)
{
	char *there;

	begin();
	CU_ASSERT(MAP_FAILS(mremap(at, align, align + PAGE, 0), EFAULT));
	CU_ASSERT(MAP_FAILS(mremap(at, align, 2 * align, 0), EFAULT));
	CU_ASSERT(MAP_FAILS(mremap(at, align, 2 * align, MREMAP_MAYMOVE),
			    EFAULT));
	CU_ASSERT(MAP_FAILS(mremap(at, align, PAGE, 0), EINVAL));
	CU_ASSERT(MAP_FAILS(mremap(at, align, align / 2, MREMAP_MAYMOVE),
			    EINVAL));
	CU_ASSERT(MAP_FAILS(mremap(at, align, align - PAGE, 0), EINVAL));
	CU_ASSERT(MAP_FAILS(mremap(at, 0, align, MREMAP_MAYMOVE), EINVAL));
	there = mmap(NULL, 2 * align, PROT_NONE, MEMORY, -1, 0);
	CU_ASSERT(MAP_FAILS(
		mremap(at, align, align, MREMAP_MAYMOVE | MREMAP_FIXED, there),
		EINVAL));
	CU_ASSERT(MAP_FAILS(mremap(at + PAGE, PAGE, PAGE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, there),
			    EINVAL));
	CU_ASSERT(MAP_FAILS(mremap(at + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE),
			    EINVAL));
	/* Other memory cannot be moved over a part of it either. */
	CU_ASSERT(MAP_FAILS(
		mremap(there, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at),
		EINVAL));
	CU_ASSERT(is_mapped(there, 2 * align) && !munmap(there, 2 * align));
	CU_ASSERT(is_intact());
	end();
}

static void no_mremap_in_disguise(void)
{
	begin();
	CU_ASSERT(MAP_FAILS(
		mremap(at, align, align, MREMAP_MAYMOVE | MREMAP_DONTUNMAP),
		EINVAL));
	CU_ASSERT(is_intact());
	end();
}

/* mmap() over a window */

static char *map_over(char *addr, size_t length)
{
	return mmap(addr, length, RW, MEMORY | MAP_FIXED, -1, 0);
}

static void mapped_over_part(void)
{
	int other = region_create("g", align);
	int file = memfd_create("file", MFD_CLOEXEC);

	begin();
	CU_ASSERT(!ftruncate(file, (off_t)align));
	CU_ASSERT(MAP_FAILS(map_over(at, PAGE), EINVAL));
	CU_ASSERT(MAP_FAILS(map_over(at + 2 * MIB, 2 * MIB), EINVAL));
	CU_ASSERT(MAP_FAILS(map_over(at + align - PAGE, PAGE), EINVAL));
	CU_ASSERT(MAP_FAILS(map_over(at - PAGE, 2 * PAGE), EINVAL));
	CU_ASSERT(MAP_FAILS(map_over(at + align - PAGE, 2 * PAGE), EINVAL));
	CU_ASSERT(MAP_FAILS(
		mmap(at, align / 2, RW, MAP_SHARED | MAP_FIXED, file, 0),
		EINVAL));
	CU_ASSERT(is_intact());
	close(file);
	close(other);
	CU_ASSERT(!unlink(in_mount("g")));
	end();
}

/* A window of two units, with one unit to be mapped over either half */
static void window_over_part(void)
{
	int large = region_create("g", 2 * align);
	char *window = region_window(large, 2 * align);

	begin();
	CU_ASSERT_FATAL(window && !region_add(large, 0, PAGE));
	CU_ASSERT(!region_add(large, align, PAGE));
	window[0] = window[align] = 'l';
	CU_ASSERT(MAP_FAILS(
		mmap(window, align, RW, MAP_SHARED | MAP_FIXED, fd, 0),
		EINVAL));
	CU_ASSERT(MAP_FAILS(
		mmap(window + align, align, RW, MAP_SHARED | MAP_FIXED, fd, 0),
		EINVAL));
	CU_ASSERT(window[0] == 'l' && window[align] == 'l' && is_intact());
	CU_ASSERT(!munmap(window, 2 * align));
	close(large);
	CU_ASSERT(!unlink(in_mount("g")));
	end();
}

static void mapped_over_whole(void)
{
	begin();
	CU_ASSERT(map_over(at, align) == at);
	CU_ASSERT(at[0] == 0 && !try_write(at + align - 1, 'x').signal);
	CU_ASSERT(region_stays());
	/* It is ordinary memory now. */
	CU_ASSERT(!mprotect(at, PAGE, PROT_READ) && !munmap(at, PAGE));
	CU_ASSERT(!munmap(at + align / 2, PAGE));
	end();
	begin();
	CU_ASSERT(map_over(at - PAGE, align + 2 * PAGE) == at - PAGE);
	CU_ASSERT(at[0] == 0 && at[-1] == 0 && at[align] == 0);
	CU_ASSERT(region_stays() && !munmap(at, PAGE));
	end();
}

static void window_over_whole(void)
{
	int other = region_create("g", align);

	begin();
	CU_ASSERT(!region_add(other, 0, PAGE));
	CU_ASSERT(mmap(at, align, RW, MAP_SHARED | MAP_FIXED, other, 0) == at);
	CU_ASSERT(at[0] == 0 && region_stays());
	at[0] = 'g';
	/* Map the first region back, and then over itself. */
	CU_ASSERT(mmap(at, align, RW, MAP_SHARED | MAP_FIXED, fd, 0) == at);
	CU_ASSERT(mmap(at, align, RW, MAP_SHARED | MAP_FIXED, fd, 0) == at);
	CU_ASSERT(is_intact());
	CU_ASSERT(fails(munmap(at, PAGE), EINVAL));
	close(other);
	CU_ASSERT(!unlink(in_mount("g")));
	end();
}

/* Several windows */

static void windows_of_one_region(void)
{
	char *other, *third;

	begin();
	other = region_window(fd, align);
	third = mmap(NULL, align, PROT_READ, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(other && third != MAP_FAILED && other != at);
	CU_ASSERT(other[0] == 'a' && third[0] == 'a');
	other[1] = 'b';
	CU_ASSERT(at[1] == 'b' && third[1] == 'b');
	CU_ASSERT(!region_add(fd, 4 * MIB, PAGE));
	other[4 * MIB] = 'c';
	CU_ASSERT(at[4 * MIB] == 'c' && third[4 * MIB] == 'c');
	CU_ASSERT(!region_unmap_range(fd, 4 * MIB, PAGE));
	CU_ASSERT(try_read(at + 4 * MIB).signal == SIGSEGV);
	CU_ASSERT(try_read(other + 4 * MIB).signal == SIGSEGV);
	CU_ASSERT(try_read(third + 4 * MIB).signal == SIGSEGV);
	CU_ASSERT(!munmap(other, align));
	CU_ASSERT(third[1] == 'b' && is_intact());
	CU_ASSERT(!munmap(third, align));
	end();
}

static void at_another_address(void *arg)
{
	char *there = (char *)START, *here;
	int own = open(in_mount("f"), O_RDWR);

	(void)arg;
	CHILD_ASSERT(!munmap(at, align));
	here = mmap(there, align, RW, MAP_SHARED, own, 0);
	CHILD_ASSERT(here == there && here[0] == 'a');
	here[1] = 'c';
	CHILD_ASSERT(!munmap(here, align));
}

static void windows_of_two_processes(void)
{
	begin();
	CU_ASSERT(!in_child(at_another_address, NULL));
	CU_ASSERT(at[1] == 'c' && is_intact());
	end();
}

/* The access mode counts when the file is mapped, and not later. */
static void file_closed_and_chmod(void)
{
	int again, ro;
	char *window;

	begin();
	again = dup(fd);
	CU_ASSERT(!chmod(in_mount("f"), 0));
	window = region_window(again, align);
	CU_ASSERT_FATAL(window != NULL);
	close(again);
	window[1] = 'd';
	CU_ASSERT(at[1] == 'd' && is_intact());
	CU_ASSERT(!munmap(window, align));
	CU_ASSERT(!chmod(in_mount("f"), 0600));
	ro = open(in_mount("f"), O_RDONLY);
	CU_ASSERT(MAP_FAILS(mmap(NULL, align, RW, MAP_SHARED, ro, 0), EACCES));
	close(ro);
	end();
}

/* Windows that cannot be written */

static void check_read_only(int file)
{
	char *window = mmap(NULL, align, PROT_READ, MAP_SHARED, file, 0);

	CU_ASSERT_FATAL(window != MAP_FAILED);
	CU_ASSERT((uintptr_t)window % align == 0 && window[0] == 'a');
	CU_ASSERT(try_write(window, 'x').signal == SIGSEGV && at[0] == 'a');
	CU_ASSERT(try_write(window + MIB / 2, 'x').signal == SIGSEGV);
	/* It shows every change of the region. */
	at[1]++;
	CU_ASSERT(window[1] == at[1]);
	CU_ASSERT(try_read(window + 8 * MIB).signal == SIGSEGV);
	CU_ASSERT(!region_add(fd, 8 * MIB, 2 * MIB));
	CU_ASSERT(!try_read(window + 8 * MIB).signal);
	at[8 * MIB] = 'b';
	CU_ASSERT(window[8 * MIB] == 'b');
	CU_ASSERT(!region_unmap_range(fd, 8 * MIB, 2 * MIB));
	CU_ASSERT(try_read(window + 8 * MIB).signal == SIGSEGV);
	CU_ASSERT(fails(mprotect(window, align, RW), EINVAL));
	CU_ASSERT(fails(munmap(window, PAGE), EINVAL));
	CU_ASSERT(!munmap(window, align));
	close(file);
}

static void read_only_windows(void)
{
	char *none;

	begin();
	check_read_only(open(in_mount("f"), O_RDWR));
	check_read_only(open(in_mount("f"), O_RDONLY));
	none = mmap(NULL, align, PROT_NONE, MAP_SHARED, fd, 0);
	CU_ASSERT(none != MAP_FAILED);
	CU_ASSERT(try_read(none).signal == SIGSEGV && !munmap(none, align));
	CU_ASSERT(is_intact());
	end();
}

/* Also where the file's mode forbids opening it for writing */
static void read_only_file(void)
{
	begin();
	CU_ASSERT(!chmod(in_mount("f"), 0400));
	check_read_only(open(in_mount("f"), O_RDONLY));
	CU_ASSERT(!chmod(in_mount("f"), 0600));
	CU_ASSERT(is_intact());
	end();
}

static const struct test tests[] = {
	{"munmap of a part", partial_munmap},
	{"munmap of the whole", whole_munmap},
	{"munmap, rounded up", whole_munmap_rounded},
	{"munmap of a larger range", larger_munmap},
	{"munmap of two windows", munmap_of_two},
	{"mprotect", no_mprotect},
	{"mremap", no_mremap},
	{"mremap with MREMAP_DONTUNMAP", no_mremap_in_disguise},
	{"mmap over a part", mapped_over_part},
	{"a window over a part", window_over_part},
	{"mmap over the whole", mapped_over_whole},
	{"a window over the whole", window_over_whole},
	{"windows of one region", windows_of_one_region},
	{"windows of two processes", windows_of_two_processes},
	{"the file closed, its mode changed", file_closed_and_chmod},
	{"read-only windows", read_only_windows},
	{"a read-only file", read_only_file},
};

static void look(void)
{
	align = mount_align();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_mapped", NULL, tests, N_TESTS(tests));
}
