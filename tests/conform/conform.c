/* SPDX-License-Identifier: MIT */
/*
 * Runs the rows, each in a process and a directory of its own, and prints how
 * many of them hold: conform_vN [-v] [--ownership DIR] [DIR]
 *
 * DIR is a directory of a mount (default: /sys/fs/mshare). That of --ownership
 * is on one whose regions end with their creator; without it, rows about that
 * do not count. -v shows all rows, not only those that failed. Exit status: 0
 * if no row failed, 1 if any did, 2 if none could be run.
 */
#include "conform/conform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROW_SECONDS 60
#define MEANWHILE "got EINVAL"	      /* as long as it is not built */
#define START_LEAST 0x200000000000ULL /* clear of what sanitizers take */

static const struct table *const tables[] = {
	&number_table, &file_table,  &size_table,  &mapping_table,
	&window_table, &fault_table, &owner_table,
};

static const char *main_dir = "/sys/fs/mshare", *owner_dir;
static bool show_all;
static bool has_kernel; /* the mount is the kernel's msharefs */
static struct {
	unsigned int all, passed, failed, later, not_run;
} count;
static const char *later_what;

/* The mount */

static uint64_t alignment(const char *dir)
{
	char path[PATH_MAX];
	unsigned long long n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/mshare_info", dir);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &n) != 1)
		fprintf(stderr,
			"%s cannot be read: is %s a mount of msharefs?\n", path,
			dir);
	if (file)
		fclose(file);
	return n;
}

/* Room for a region and a unit on either side of it */
static uint64_t free_address(uint64_t align)
{
	uint64_t at = (START_LEAST + align - 1) / align * align;

	for (int i = 0; i < 256; i++, at += align) {
		void *got = mmap((void *)(at - align), 4 * align, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
					 MAP_FIXED_NOREPLACE,
				 -1, 0);

		if (got == MAP_FAILED)
			continue;
		munmap(got, 4 * align);
		if (got == (void *)(at - align))
			return at;
	}
	fprintf(stderr, "no room for a region above %#llx\n", START_LEAST);
	return 0;
}

static bool look_at(const char *dir)
{
	struct statfs fs;

	me = (struct state){.fd = -1, .align = alignment(dir)};
	/* Past the preload, which shows programs what a kernel would. */
	if (!me.align || syscall(SYS_statfs, dir, &fs))
		return false;
	me.page = (uint64_t)fs.f_bsize;
	me.start = free_address(me.align);
	has_kernel = fs.f_type == MSHARE_MAGIC;
	return me.start != 0;
}

/* A row's directory */

static void remove_all(const char *path)
{
	char inner[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	chmod(path, 0700);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		if (unlink(inner) && errno == EISDIR)
			remove_all(inner);
	}
	if (dir)
		closedir(dir);
	if (rmdir(path))
		perror(path);
}

/* One row */

static const char *expectation(const struct row *row)
{
	return has_kernel && row->deviates ? row->posted : row->expect;
}

/* What went wrong, or nothing. */
static void run_here(const struct row *row, char *wrong)
{
	char text[SCRIPT_MAX];
	const char *got;

	if (run_script(row->before, text)) {
		snprintf(wrong, SCRIPT_MAX, "before: %.900s", text);
		return;
	}
	got = run_step(row->call);
	if (!is_answer(got, expectation(row))) {
		snprintf(wrong, SCRIPT_MAX, "expected %s, got %s",
			 expectation(row), got);
		return;
	}
	if (run_script(row->after, text))
		snprintf(wrong, SCRIPT_MAX, "%s, but then: %.900s", row->expect,
			 text);
}

static _Noreturn void row_process(const struct row *row, const char *mount,
				  const char *dir, int to)
{
	char wrong[SCRIPT_MAX] = "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	alarm(ROW_SECONDS);
	if ((mount != main_dir && !look_at(mount)) || chdir(dir))
		snprintf(wrong, sizeof(wrong), "%.900s: %s", dir,
			 strerror(errno));
	else
		run_here(row, wrong);
	_exit(write(to, wrong, sizeof(wrong)) != sizeof(wrong));
}

/* It, and whoever it has left behind: we are their reaper. */
static void wait_for(pid_t pid, char *wrong)
{
	int status = 0;

	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		snprintf(wrong, SCRIPT_MAX, "the row died of SIG%s%s",
			 sigabbrev_np(WTERMSIG(status)),
			 WTERMSIG(status) == SIGALRM ? ": it hung" : "");
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void run_apart(const struct row *row, const char *mount, char *wrong)
{
	char dir[PATH_MAX];
	int ends[2];
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/conform.%d", mount, getpid());
	if (mkdir(dir, 0700) || pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		snprintf(wrong, SCRIPT_MAX, "%.900s: %s", dir, strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		row_process(row, mount, dir, ends[1]);
	setpgid(pid, pid); /* whoever of us comes first */
	snprintf(wrong, SCRIPT_MAX, "the row ended early");
	wait_for(pid, wrong);
	if (read(ends[0], wrong, SCRIPT_MAX) == SCRIPT_MAX)
		wrong[SCRIPT_MAX - 1] = 0;
	close(ends[0]);
	close(ends[1]);
	remove_all(dir);
}

/* Whether the row is about this revision and can be judged on the mount */
static bool counts(const struct row *row)
{
	bool huge = me.page > (uint64_t)sysconf(_SC_PAGESIZE);

	if (row->revisions && !(row->revisions & THIS_REVISION))
		return false;
	if ((row->needs & HUGE_PAGES && !huge) ||
	    (row->needs & SMALL_PAGES && huge))
		return false;
	if ((row->needs & OWNERSHIP && !owner_dir) || !expectation(row)) {
		count.not_run++;
		return false;
	}
	return true;
}

static void say(const char *verdict, const struct table *table,
		const struct row *row, const char *what)
{
	printf("%-5s %s  %s  %s", verdict, table->section, row->name, what);
	if (row->deviates)
		printf(" (deviates: %s)", row->deviates);
	if (row->later)
		printf(" (later: %s)", row->later);
	putchar('\n');
}

static void run_row(const struct table *table, const struct row *row)
{
	const char *mount = row->needs & OWNERSHIP ? owner_dir : main_dir;
	char wrong[SCRIPT_MAX] = "";

	if (!counts(row))
		return;
	count.all++;
	run_apart(row, mount, wrong);
	if (row->later && !wrong[0]) {
		count.failed++;
		say("FAIL", table, row, "holds by now: take the mark away");
	} else if (row->later && strstr(wrong, MEANWHILE)) {
		count.later++;
		later_what = row->later;
		if (show_all)
			say("later", table, row, wrong);
	} else if (wrong[0]) {
		count.failed++;
		say("FAIL", table, row, wrong);
	} else {
		count.passed++;
		if (show_all)
			say("ok", table, row, expectation(row));
	}
}

static bool parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-v"))
			show_all = true;
		else if (!strcmp(argv[i], "--ownership") && i + 1 < argc)
			owner_dir = argv[++i];
		else if (argv[i][0] == '-')
			return false;
		else
			main_dir = argv[i];
	}
	return true;
}

int main(int argc, char **argv)
{
	processes_resume();
	if (!parse(argc, argv)) {
		fprintf(stderr, "Usage: %s [-v] [--ownership DIR] [DIR]\n",
			argv[0]);
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if ((owner_dir && !look_at(owner_dir)) || !look_at(main_dir))
		return 2;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t j = 0; j < tables[i]->n; j++)
			run_row(tables[i], &tables[i]->rows[j]);
	printf("v%d: %u of %u rows", REVISION, count.passed, count.all);
	if (count.later)
		printf("; %u later: %s", count.later, later_what);
	if (count.not_run)
		printf("; %u do not apply to this mount", count.not_run);
	putchar('\n');
	return count.failed ? 1 : 0;
}
