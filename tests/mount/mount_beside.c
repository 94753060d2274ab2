/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 6, beside windows: they are gone after exec(), and
 * a program's other memory, descriptors and errno are left alone.
 */
#include "harness/calls.h"
#include "harness/harness.h"
#include "harness/surrounded.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define START 0x200000000000ULL

/* Undoes begin(). */
static void end(void)
{
	CU_ASSERT(!munmap(at - align, 3 * align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static char *map_over(char *addr, size_t length)
{
	return mmap(addr, length, RW, MEMORY | MAP_FIXED, -1, 0);
}

/* exec() */

/* Backing files have no name, whatever the backing. */
#define BACKING_FILE "(deleted)"

static bool maps_hold(const char *what)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		found = found || strstr(line, what);
	if (maps)
		fclose(maps);
	return found || !maps;
}

static void exec_self(void *arg)
{
	char address[32];

	(void)arg;
	CHILD_ASSERT(mmap((void *)START, align, RW, MAP_SHARED, fd, 0) ==
		     (void *)START);
	CHILD_ASSERT(((char *)START)[0] == 'a' && at[0] == 'a');
	CHILD_ASSERT(maps_hold(BACKING_FILE));
	snprintf(address, sizeof(address), "%#llx", START);
	execl("/proc/self/exe", "mount_mapped", "is-there", address, NULL);
}

/* Returns whether a descriptor is of a kind that windows need. */
static bool holds_descriptor(const char *what)
{
	DIR *dir = opendir("/proc/self/fd");
	char target[256];
	bool found = false;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target,
				       sizeof(target) - 1);

		target[n > 0 ? n : 0] = 0;
		found = found || strstr(target, what);
	}
	if (dir)
		closedir(dir);
	return found || !dir;
}

/* In the new program: returns 0 if the window is gone. */
static int look_for_window(const char *address)
{
	unsigned char vec[1];
	char *there = (char *)strtoull(address, NULL, 0);

	if (mincore(there, PAGE, vec) != -1 || errno != ENOMEM)
		return 2;
	if (maps_hold(BACKING_FILE))
		return 3;
	return holds_descriptor("userfaultfd") || holds_descriptor("socket:")
		       ? 4
		       : 0;
}

static void gone_after_exec(void)
{
	begin();
	CU_ASSERT(!in_child(exec_self, NULL));
	CU_ASSERT(is_intact());
	end();
}

/* What stays as it is */

/* The call worked, and errno is as before. */
#define KEEPS_ERRNO(call) (errno = 4711, (call) && errno == 4711)

static void errno_is_kept(void)
{
	char *window;

	begin();
	CU_ASSERT(KEEPS_ERRNO((window = region_window(fd, align))));
	CU_ASSERT(KEEPS_ERRNO(window[0] == 'a' && !munmap(window, align)));
	CU_ASSERT(KEEPS_ERRNO(
		mmap(at, align, RW, MAP_SHARED | MAP_FIXED, fd, 0) == at));
	CU_ASSERT(KEEPS_ERRNO(map_over(at, align) == at));
	CU_ASSERT(KEEPS_ERRNO(!mprotect(at - PAGE, PAGE, RW)));
	CU_ASSERT(KEEPS_ERRNO(!munmap(at, align)));
	end();
}

/*
 * At most two descriptors per window, with numbers that programs do not expect:
 * the userfaultfd, and the file that a child maps anew.
 */
static void descriptors(void)
{
	char *windows[20];
	int before, next;

	begin();
	before = process_fds(getpid());
	next = dup(fd);
	close(next);
	for (int i = 0; i < 20; i++) {
		windows[i] = region_window(fd, align);
		CU_ASSERT_FATAL(windows[i] != NULL);
		CU_ASSERT(process_fds(getpid()) <= before + 2 * (i + 1));
	}
	for (int i = 0; i < 20; i++)
		CU_ASSERT(!munmap(windows[i], align));
	CU_ASSERT(process_fds(getpid()) == before);
	/* A failed attempt leaves no descriptor. */
	CU_ASSERT(MAP_FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), EINVAL));
	CU_ASSERT(process_fds(getpid()) == before);
	windows[0] = region_window(fd, align);
	CU_ASSERT(dup(fd) == next && !close(next));
	CU_ASSERT(!munmap(windows[0], align));
	end();
}

/*
 * A window that is mapped over, or unmapped with others, gives its descriptor
 * back.
 */
static void descriptors_of_the_replaced(void)
{
	int before;

	begin();
	before = process_fds(getpid());
	for (int i = 0; i < 100; i++)
		CU_ASSERT(mmap(at, align, RW, MAP_SHARED | MAP_FIXED, fd, 0) ==
			  at);
	CU_ASSERT(process_fds(getpid()) == before);
	CU_ASSERT(map_over(at, align) == at);
	CU_ASSERT(process_fds(getpid()) < before);
	end();
}

static long address_space(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	long pages = -1;

	if (!statm || fscanf(statm, "%ld", &pages) != 1)
		pages = -1;
	if (statm)
		fclose(statm);
	return pages;
}

/* A window takes only its length of address space, and nothing afterwards. */
static void no_other_addresses(void)
{
	long before, with, unit = (long)(align / PAGE);
	char *window, *odd;

	begin();
	/* Makes the next free range unaligned at both ends. */
	odd = mmap(NULL, align + align / 2, PROT_NONE, MEMORY, -1, 0);
	before = address_space();
	window = region_window(fd, align);
	with = address_space();
	CU_ASSERT(before > 0 && with >= before + unit);
	CU_ASSERT(with < before + unit + 256);
	CU_ASSERT(window && !munmap(window, align));
	CU_ASSERT(address_space() < before + 256);
	munmap(odd, align + align / 2);
	end();
}

/* Other memory right next to a window, and between two windows */
static void memory_beside(void)
{
	char *front, *back, *far;

	begin();
	far = region_window(fd, align);
	CU_ASSERT_FATAL(far != NULL);
	front = at - PAGE;
	back = at + align;
	CU_ASSERT(!mprotect(front, PAGE, PROT_READ));
	CU_ASSERT(try_write(front, 'x').signal == SIGSEGV);
	CU_ASSERT(!mprotect(front, PAGE, RW) && front[PAGE - 1] == 'm');
	CU_ASSERT(!munmap(front, PAGE) && !is_mapped(front, PAGE));
	CU_ASSERT(map_over(front, PAGE) == front && front[PAGE - 1] == 0);
	front[PAGE - 1] = 'm';
	CU_ASSERT(!munmap(back + PAGE, align - PAGE));
	CU_ASSERT(mremap(back, PAGE, 4 * PAGE, 0) == back);
	CU_ASSERT(mremap(back, 4 * PAGE, PAGE, 0) == back);
	CU_ASSERT(mremap(back, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			 back + 8 * PAGE) == back + 8 * PAGE);
	CU_ASSERT(back[8 * PAGE] == 'm' && !is_mapped(back, 8 * PAGE));
	/* Memory cannot grow into a window either. */
	CU_ASSERT(map_over(back, PAGE) == back);
	back[0] = 'm';
	CU_ASSERT(MAP_FAILS(mremap(front, PAGE, 2 * PAGE, 0), ENOMEM));
	CU_ASSERT(is_intact() && far[0] == 'a');
	CU_ASSERT(!munmap(far, align));
	end();
}

/* The addresses of a former window are like any others. */
static void memory_where_a_window_was(void)
{
	begin();
	CU_ASSERT(!munmap(at, align));
	CU_ASSERT(map_over(at, align) == at);
	at[PAGE] = 'x';
	CU_ASSERT(!mprotect(at, PAGE, PROT_READ));
	CU_ASSERT(!munmap(at, PAGE) && !munmap(at + 2 * PAGE, PAGE));
	CU_ASSERT(mremap(at + PAGE, PAGE, 2 * PAGE, 0) == at + PAGE);
	CU_ASSERT(at[PAGE] == 'x');
	end();
}

static const struct test tests[] = {
	{"gone after exec", gone_after_exec},
	{"errno is kept", errno_is_kept},
	{"descriptors", descriptors},
	{"descriptors of replaced windows", descriptors_of_the_replaced},
	{"no other address space", no_other_addresses},
	{"memory beside windows", memory_beside},
	{"memory where a window was", memory_where_a_window_was},
};

static void look(void)
{
	align = mount_align();
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "is-there"))
		return look_for_window(argv[2]);
	before_tests = look;
	return run_mount_tests("mount_beside", NULL, tests, N_TESTS(tests));
}
