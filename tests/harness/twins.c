/* SPDX-License-Identifier: MIT */
#include "harness/twins.h"
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LOG_SIZE (16UL << 20)
/* So many lines of differences are enough to read. */
#define SHOWN 12

char twin_dirs[2][64];
static const char *const side_names[2] = {"tmpfs", "ours"};
static char *logs[2];
static char *at, *end; /* where the running scenario writes */

void note(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, (size_t)(end - at), format, args);
	va_end(args);
	CHILD_ASSERT(n >= 0 && n + 1 < end - at);
	at[n] = '\n';
	at += n + 1;
	*at = 0;
}

void note_result(const char *label, long ret)
{
	note("%s: %s", label, ret == -1 ? strerrorname_np(errno) : "0");
}

char *note_place(void)
{
	return at;
}

void note_catch_up(char *place)
{
	at = place + strlen(place);
}

struct visit {
	int side;
	void (*run)(void);
};

static void visit(void *arg)
{
	struct visit *v = arg;

	CHILD_ASSERT(!chdir(twin_dirs[v->side]));
	CHILD_ASSERT(!mkdir("scenario", 0755) && !chdir("scenario"));
	umask(022);
	at = logs[v->side];
	end = at + LOG_SIZE;
	*at = 0;
	v->run();
}

static bool split(const char *line, char *label, char *value, size_t size)
{
	const char *colon = NULL;

	for (const char *c = line; (c = strstr(c, ": ")); c++)
		colon = c;
	if (!colon || strlen(line) >= size)
		return false;
	snprintf(label, size, "%.*s", (int)(colon - line), line);
	snprintf(value, size, "%s", colon + 2);
	return true;
}

static bool is_own(const struct own *own, const char *tmpfs, const char *ours)
{
	static char label[2][8192], value[2][8192];

	return split(tmpfs, label[0], value[0], sizeof(label[0])) &&
	       split(ours, label[1], value[1], sizeof(label[1])) &&
	       !strcmp(label[0], label[1]) &&
	       !fnmatch(own->line, label[0], 0) &&
	       !fnmatch(own->tmpfs, value[0], 0) &&
	       !fnmatch(own->ours, value[1], 0);
}

static bool applies(const struct own *own, const char *scenario)
{
	if (strcmp(own->scenario, scenario))
		return false;
	return own->who == ALWAYS || (own->who == AS_ROOT) == (geteuid() == 0);
}

static bool line_agrees(const char *scenario, const char *tmpfs,
			const char *ours, const struct own *own, size_t n,
			bool *seen)
{
	bool found = false;

	if (!tmpfs || !ours)
		return tmpfs == ours;
	if (!strcmp(tmpfs, ours))
		return true;
	for (size_t i = 0; i < n; i++)
		if (applies(&own[i], scenario) && is_own(&own[i], tmpfs, ours))
			found = seen[i] = true;
	return found;
}

static void compare_logs(const char *scenario, const struct own *own, size_t n)
{
	char *rest[2] = {logs[0], logs[1]}, *line[2];
	unsigned int different = 0, lines = 0;
	bool seen[n + 1];

	memset(seen, 0, sizeof(seen));
	do {
		line[0] = strsep(&rest[0], "\n");
		line[1] = strsep(&rest[1], "\n");
		lines++;
		if (line_agrees(scenario, line[0], line[1], own, n, seen))
			continue;
		if (different++ < SHOWN)
			printf("%s:\n  tmpfs %s\n  ours  %s\n", scenario,
			       line[0] ? line[0] : "(the end)",
			       line[1] ? line[1] : "(the end)");
	} while (line[0] && line[1]);
	for (size_t i = 0; i < n; i++) {
		if (!applies(&own[i], scenario) || seen[i])
			continue;
		printf("%s: own difference not seen: %s: %s, %s\n", scenario,
		       own[i].line, own[i].tmpfs, own[i].ours);
		different++;
	}
	CU_ASSERT(lines > 2);
	CU_ASSERT(different == 0);
}

void compare_twins(const char *scenario, void (*run)(void),
		   const struct own *own, size_t n)
{
	twins_open();
	for (int i = 0; i < 2; i++) {
		struct visit v = {i, run};
		int fd;

		logs[i] = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CU_ASSERT_FATAL(logs[i] != MAP_FAILED);
		if (in_child(visit, &v)) {
			printf("%s, %s: the scenario failed\n", scenario,
			       side_names[i]);
			CU_ASSERT(false);
		}
		fd = open(twin_dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CU_ASSERT(fd >= 0 && !empty_directory(fd));
		close(fd);
	}
	compare_logs(scenario, own, n);
	for (int i = 0; i < 2; i++)
		munmap(logs[i], LOG_SIZE);
	twins_close();
}

int empty_directory(int dir)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_CLOEXEC));
	struct dirent *e;
	int err = d ? 0 : -1;

	while (d && (e = readdir(d))) {
		int fd;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (e->d_type != DT_DIR) {
			err |= unlinkat(dir, e->d_name, 0);
			continue;
		}
		err |= fchmodat(dir, e->d_name, 0700, 0);
		fd = openat(dir, e->d_name, O_RDONLY | O_CLOEXEC);
		err |= fd < 0 || empty_directory(fd) ? -1 : 0;
		if (fd >= 0)
			close(fd);
		err |= unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
	return err;
}

void twins_open(void)
{
	struct statfs fs;

	strcpy(twin_dirs[0], "/dev/shm/msharefs-twin-XXXXXX");
	snprintf(twin_dirs[1], sizeof(twin_dirs[1]), "%s", in_mount("twin"));
	/* Ours goes with the mount, whatever fails. */
	CU_ASSERT_FATAL(!mkdir(twin_dirs[1], 0755));
	CU_ASSERT_FATAL(mkdtemp(twin_dirs[0]) != NULL);
	CU_ASSERT_FATAL(!chmod(twin_dirs[0], 0755));
	CU_ASSERT(!statfs(twin_dirs[0], &fs) && fs.f_type == TMPFS_MAGIC);
}

void twins_close(void)
{
	CU_ASSERT(!rmdir(twin_dirs[0]));
	CU_ASSERT(!rmdir(twin_dirs[1]));
}
