/* SPDX-License-Identifier: MIT */
/*
 * Tests what a process has when it starts, and what it still has after exec().
 */
#include "inert/inert.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void handler(int sig)
{
	(void)sig;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_sorted(char **lines, size_t n)
{
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		puts(lines[i]);
}

static void write_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	char *lines[256], target[256];
	size_t n = 0;

	while (dir && n < 256 && (e = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), e->d_name, target,
					 sizeof(target) - 1);
		const char *colon;

		target[len > 0 ? len : 0] = 0;
		if (len <= 0 || atoi(e->d_name) == dirfd(dir) ||
		    (has_windows && (strstr(target, "userfaultfd") ||
				     strstr(target, "/memfd:msharefs") ||
				     strstr(target, "/#"))))
			continue;
		/* the inode number differs in each run */
		colon = strchr(target, ':');
		if (asprintf(&lines[n++], "%s -> %.*s", e->d_name,
			     colon ? (int)(colon - target) : 1, target) < 0)
			abort();
	}
	closedir(dir);
	write_sorted(lines, n);
}

void write_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = -2;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	printf("%d threads\n", n);
}

/*
 * Recognises the preload library, its data behind it, and windows, which are
 * not the program's own.
 */
static bool is_ours(const char *line, bool *behind)
{
	bool named = strchr(line, '/') || strchr(line, '[');

	*behind = strstr(line, "libmshare-preload") ||
		  strstr(line, "libasan") || (*behind && !named);
	return *behind || (has_windows && strstr(line, "(deleted)"));
}

static void write_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char *lines[512], line[512];
	bool behind = false;
	size_t n = 0;

	while (file && n < 512 && fgets(line, sizeof(line), file)) {
		const char *name = strpbrk(line, "/[");
		char perms[5];

		line[strcspn(line, "\n")] = 0;
		if (is_ours(line, &behind) || !name ||
		    sscanf(line, "%*s %4s", perms) != 1)
			continue;
		if (asprintf(&lines[n++], "%s %s", perms, name) < 0)
			abort();
	}
	fclose(file);
	write_sorted(lines, n);
}

static void write_environment(void)
{
	size_t n = 0;
	char **list;

	while (environ && environ[n])
		n++;
	list = calloc(n + 1, sizeof(*list));
	n = 0;
	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, "LD_PRELOAD=", 11) &&
		    strncmp(*e, "ASAN_OPTIONS=", 13))
			list[n++] = *e;
	write_sorted(list, n);
	free(list);
}

static void write_limits(void)
{
	struct rlimit limit;
	sigset_t mask;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		getrlimit(i, &limit);
		printf("limit %d: %#lx %#lx\n", i, limit.rlim_cur,
		       limit.rlim_max);
	}
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("blocked:");
	write_set(&mask);
	putchar('\n');
}

static void write_process(void)
{
	write_descriptors();
	write_threads();
	write_mappings();
	write_environment();
	write_limits();
	printf("secure %ld, page %ld, clock %ld\n", getauxval(AT_SECURE),
	       getauxval(AT_PAGESZ), getauxval(AT_CLKTCK));
	for (int sig = 1; sig < 65; sig++)
		if (sig != 32 && sig != 33)
			write_action("signal", sig);
}

static void at_start(void)
{
	write_process();
	window_here();
	write_process();
}

int executed_again(char **argv)
{
	(void)argv;
	write_process();
	return 42;
}

static void execute(void *arg)
{
	char *argv[] = {(char *)self_program, (char *)"again", NULL};
	char *empty[] = {NULL};

	(void)arg;
	signal(SIGBUS, handler);
	signal(SIGSEGV, handler);
	signal(SIGUSR1, SIG_IGN);
	window_here();
	fflush(stdout);
	execve(self_program, argv, arg ? empty : environ);
	printf("%s\n", strerror(errno));
}

static void executing(void)
{
	printf("-- with its environment\n");
	in_child(execute, NULL);
	printf("-- without any\n");
	in_child(execute, (void *)"without");
}

const struct section process_sections[] = {
	{"at the start", at_start},
	{"exec", executing},
	{NULL, NULL},
};
