/* SPDX-License-Identifier: MIT */
/* The frame of inert.h: sections, what is written down, and windows. */
#include "inert/inert.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum when {
	NEVER,
	INHERITED,
	FIRST,
	BETWEEN
};

static enum when when;
static const char *region; /* a region's file, its size set */
const char *self_program;
bool has_windows;

const char *error_name(void)
{
	return errno == 4711 ? "-" : strerrorname_np(errno);
}

void wrote_down(const char *what, long ret)
{
	printf("%s = %ld %s\n", what, ret, error_name());
}

void wrote_down_address(const char *what, const char *ret, const char *base)
{
	if (ret == MAP_FAILED)
		printf("%s = failed %s\n", what, error_name());
	else if (base && in_room(base, ret))
		printf("%s = room + %#tx %s\n", what, ret - base, error_name());
	else
		printf("%s = elsewhere %s\n", what, error_name());
}

/* Far from where the kernel puts what is mapped anywhere. */
char *make_room(void)
{
	return (char *)0x200000000000;
}

bool in_room(const char *room, const char *addr)
{
	return addr >= room && addr < room + ROOM;
}

/* Only what a mapping is; not where its file lies, nor how much is resident. */
static void write_mapping(const char *room, unsigned long from,
			  unsigned long to, const char *line)
{
	unsigned long offset;
	char perms[5];

	sscanf(line, "%*s %4s %lx", perms, &offset);
	printf("    %lx-%lx %s %lx", from - (unsigned long)room,
	       to - (unsigned long)room, perms, offset);
}

void write_maps(const char *room, size_t len, bool flags)
{
	const unsigned long low = (unsigned long)room, high = low + len;
	FILE *file =
		fopen(flags ? "/proc/self/smaps" : "/proc/self/maps", "re");
	bool shown = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			shown = from < high && to > low;
			if (shown)
				write_mapping(room, from, to, line);
			if (shown && !flags)
				putchar('\n');
		} else if (shown && !strncmp(line, "VmFlags:", 8)) {
			fputs(line + 8, stdout);
		}
	}
	if (!file)
		abort();
	fclose(file);
}

int make_file(int pages, int flags)
{
	char name[] = "inert-XXXXXX", page[PAGE];
	int fd = mkstemp(name), again;

	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i % 26, sizeof(page));
		if (write(fd, page, sizeof(page)) != sizeof(page))
			abort();
	}
	again = open(name, flags | O_CLOEXEC);
	unlink(name);
	close(fd);
	if (again < 0)
		abort();
	return again;
}

/* Windows */

static void make_window(void)
{
	int fd = open(region, O_RDWR | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);

	if (fd < 0 ||
	    mmap(NULL, (size_t)size, RW, MAP_SHARED, fd, 0) == MAP_FAILED) {
		fprintf(stderr, "no window of %s: %s\n", region,
			strerror(errno));
		kill(0, SIGKILL); /* do not let the runs be equal */
	}
	close(fd);
	has_windows = true;
}

void window_here(void)
{
	int saved = errno;

	if (when == BETWEEN)
		make_window();
	errno = saved;
}

/* Processes */

static pid_t start(void (*run)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		run(arg);
		fflush(NULL);
		_exit(0);
	}
	return pid;
}

static void write_end(pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (status)
		printf("  ended with status %#x\n", status);
}

void in_child(void (*run)(void *arg), void *arg)
{
	write_end(start(run, arg));
}

static void run_section(void *arg)
{
	const struct section *section = arg;

	if (when == FIRST)
		make_window();
	section->run();
}

static void run_sections(const struct section *sections, const char *only)
{
	for (; sections->name; sections++) {
		if (only && !strstr(sections->name, only))
			continue;
		printf("== %s\n", sections->name);
		in_child(run_section, (void *)sections);
	}
}

/* inert_calls [never|inherited|first|between REGION [SECTION]] */
static void read_arguments(int argc, char **argv)
{
	static const char *const names[] = {"never", "inherited", "first",
					    "between"};

	for (size_t i = 0; argc > 2 && i < 4; i++)
		if (!strcmp(argv[1], names[i]))
			when = (enum when)i;
	if (argc > 2)
		region = argv[2];
}

int main(int argc, char **argv)
{
	const struct rlimit none = {0, 0};
	const char *only;

	if (argc > 1 && !strcmp(argv[1], "again"))
		return executed_again(argv);
	self_program = argv[0];
	read_arguments(argc, argv);
	setrlimit(RLIMIT_CORE, &none);
	setpgid(0, 0);
	if (when == INHERITED)
		make_window();
	only = argc > 3 ? argv[3] : NULL;
	run_sections(memory_sections, only);
	run_sections(range_sections, only);
	run_sections(signal_sections, only);
	run_sections(process_sections, only);
	run_sections(task_sections, only);
	return 0;
}
