/* SPDX-License-Identifier: MIT */
/*
 * A program that knows nothing of msharefs, for tests/ordinary/share_run.sh.
 *
 * share_probe map BYTES N   maps shared memory, writes all of it, and lets N
 *                           children, one after the other, read all of it
 * share_probe big BYTES     only maps it
 * share_probe hold BYTES    maps it, starts a child, and waits to be killed
 * share_probe open LIBRARY  opens it, with RTLD_DEEPBIND, and calls its map()
 *
 * Prints what the kernel says the memory is: "huge", "ordinary" or "none", and
 * the page faults of each child.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *kind(const void *at)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	const char *found = "none";
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strtoul(line, NULL, 16) == (unsigned long)at)
			found = strstr(line, "memfd:mshare:anon:") ? "huge"
								   : "ordinary";
	if (maps)
		fclose(maps);
	return found;
}

static char *map(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	printf("%s\n", kind(at));
	fflush(stdout);
	return at;
}

static void fill(char *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 4096)
		at[i] = (char)(i >> 12);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void read_all(const char *at, size_t bytes)
{
	const long before = faults();
	int wrong = 0;

	for (size_t i = 0; i < bytes; i += 4096)
		wrong |= at[i] != (char)(i >> 12);
	printf("%s %ld\n", wrong ? "wrong" : "faults", faults() - before);
	fflush(stdout);
	_exit(wrong);
}

static int map_and_read(size_t bytes, int children)
{
	char *at = map(bytes);
	int status, failed = 0;

	fill(at, bytes);
	for (; children > 0; children--) {
		if (!fork())
			read_all(at, bytes);
		wait(&status);
		failed |= status;
	}
	return failed ? 1 : 0;
}

static int hold(size_t bytes)
{
	fill(map(bytes), bytes);
	fork();
	printf("ready %d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}

static int open_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
	void *(*map_there)(void);

	if (!library) {
		puts(dlerror());
		return 1;
	}
	*(void **)&map_there = dlsym(library, "map");
	puts(kind(map_there()));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "map"))
		return map_and_read(strtoul(argv[2], NULL, 0), atoi(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "big"))
		return !map(strtoul(argv[2], NULL, 0));
	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(strtoul(argv[2], NULL, 0));
	if (argc == 3 && !strcmp(argv[1], "open"))
		return open_library(argv[2]);
	return 2;
}
