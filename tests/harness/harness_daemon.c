/* SPDX-License-Identifier: MIT */
/* Mounts, and the daemons that serve them. */
#include "harness/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

char mount_dir[PATH_MAX];
pid_t mount_daemon;
void (*before_daemon)(const char *dir);

static int daemon_log = -1; /* of the daemon that was started last */

/* Directories */

const char *test_prefix(void)
{
	const char *prefix = getenv("MSHARE_TEST_PREFIX");

	return prefix ? prefix : "/tmp/msharefs-";
}

char *new_dir(char path[PATH_MAX], const char *topic)
{
	snprintf(path, PATH_MAX, "%s%s-XXXXXX", test_prefix(), topic);
	return mkdtemp(path);
}

const char *in_mount(const char *name)
{
	static char paths[8][PATH_MAX + 256];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", mount_dir, name);
	return path;
}

static const char *needed(const char *variable)
{
	const char *value = getenv(variable);

	if (!value) {
		fprintf(stderr, "$%s is not set: use make check or tests/run\n",
			variable);
		exit(1);
	}
	return value;
}

static size_t read_log(char *text, size_t size)
{
	ssize_t n = pread(daemon_log, text, size - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

bool daemon_said(const char *what)
{
	static char text[1 << 20];

	read_log(text, sizeof(text));
	return strstr(text, what) != NULL;
}

void daemon_show_log(void)
{
	static char text[1 << 20];

	read_log(text, sizeof(text));
	printf("The daemon said:\n%s\n", text);
}

/* The daemon logs this line when it has mounted. */
static bool has_started(void *arg)
{
	siginfo_t info = {0};

	waitid(P_PID, *(id_t *)arg, &info, WEXITED | WNOHANG | WNOWAIT);
	return daemon_said(": backing ") || info.si_pid;
}

pid_t daemon_start(const char *dir, const char *options)
{
	const char *program = needed("MSHAREFS");
	const char *backing = getenv("MSHARE_TEST_BACKING");
	char text[PATH_MAX];
	pid_t pid;

	snprintf(text, sizeof(text), "backing=%s%s%s",
		 backing ? backing : "auto", options ? "," : "",
		 options ? options : "");
	if (daemon_log >= 0)
		close(daemon_log);
	daemon_log = memfd_create("daemon-log", MFD_CLOEXEC);
	if (daemon_log < 0)
		return -1;
	fcntl(daemon_log, F_SETFL, O_APPEND);
	pid = fork();
	if (pid == 0) {
		unsetenv("LD_PRELOAD");
		if (before_daemon)
			before_daemon(dir);
		/* It must not outlive a test that crashes. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(daemon_log, 2);
		execl(program, program, "-f", "-o", text, dir, NULL);
		_exit(127);
	}
	if (pid > 0 &&
	    (!wait_until(has_started, &pid) || !daemon_said(": backing "))) {
		daemon_show_log();
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	return pid;
}

int daemon_fds(void)
{
	return process_fds(mount_daemon);
}

long daemon_kib(const char *key)
{
	char path[64], line[128];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", mount_daemon);
	file = fopen(path, "re");
	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			value = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

struct settling {
	int fds;
	int looks; /* that showed the same number, one after the other */
};

static bool has_settled(void *arg)
{
	struct settling *s = arg;
	int fds = daemon_fds();

	s->looks = fds == s->fds ? s->looks + 1 : 0;
	s->fds = fds;
	return s->looks == 50;
}

/* munmap() does not wait for the daemon, and nothing says that it is done. */
int daemon_settled_fds(void)
{
	struct settling s = {0};

	wait_until(has_settled, &s);
	return s.fds;
}

bool daemon_fds_are(void *arg)
{
	return daemon_fds() == *(int *)arg;
}

/* Whether all threads of the daemon whose pid this is have stopped. */
static bool is_frozen(void *arg)
{
	const pid_t daemon = *(pid_t *)arg;
	struct dirent *d;
	char path[64];
	bool all = true;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", daemon);
	dir = opendir(path);
	while (dir && all && (d = readdir(dir))) {
		if (d->d_name[0] != '.')
			all = process_state(daemon, atoi(d->d_name)) == 'T';
	}
	if (dir)
		closedir(dir);
	return dir && all;
}

bool daemon_freeze(pid_t daemon)
{
	return !kill(daemon, SIGSTOP) && wait_until(is_frozen, &daemon);
}

int daemon_stop(const char *dir, pid_t daemon)
{
	const char *argv[] = {"fusermount3", "-u", dir, NULL};

	if (run_program(argv))
		return -1;
	return wait_for_exit(daemon);
}
