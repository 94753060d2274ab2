/* SPDX-License-Identifier: MIT */
/* Mounts msharefs for one run, and unmounts it. */
#include "own_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mount_programs.h"

#define END_MS 2000
#define ALIVE_FD 3

static int make_dir(char *dir)
{
	const char *parents[] = {getenv("XDG_RUNTIME_DIR"), "/tmp"};

	for (size_t i = 0; i < 2; i++) {
		if (!parents[i] || parents[i][0] != '/' ||
		    snprintf(dir, PATH_MAX, "%s/msharefs-run-XXXXXX",
			     parents[i]) >= PATH_MAX)
			continue;
		if (mkdtemp(dir))
			return 0;
	}
	fprintf(stderr,
		"msharectl: cannot create a directory for the mount: %s: %s\n",
		dir, strerror(errno));
	return -1;
}

static _Noreturn void become_daemon(const char *dir, const char *options,
				    const sigset_t *mask, int alive, int out)
{
	const char *program = mount_program_path();
	char *list = NULL;
	const char *all = geteuid() == 0 ? "allow_other" : "rw";

	/*
	 * The daemon must not run under the preload, nor hold our ends of the
	 * pipes.
	 */
	unsetenv("LD_PRELOAD");
	if (asprintf(&list, "%s%s%s", all, options ? "," : "",
		     options ? options : "") < 0)
		_exit(125);
	sigprocmask(SIG_SETMASK, mask, NULL);
	alive = fcntl(alive, F_DUPFD, ALIVE_FD + 1);
	if (alive < 0 || dup2(out, 2) < 0 || dup2(alive, ALIVE_FD) < 0)
		_exit(125);
	close_range(ALIVE_FD + 1, ~0U, 0);
	execl(program, "msharefs", "-o", list, "--", dir, (char *)NULL);
	dprintf(2,
		"msharectl: cannot run %s: %s; install msharefs completely, or "
		"set $MSHAREFS to the path of the daemon\n",
		program, strerror(errno));
	_exit(127);
}

static int run_daemon(struct own_mount *mount, const char *options,
		      const sigset_t *mask, const int alive[2],
		      const int said[2])
{
	char text[4096];
	pid_t pid = fork();
	int status;

	if (pid == 0)
		become_daemon(mount->dir, options, mask, alive[1], said[1]);
	close(alive[1]);
	close(said[1]);
	if (pid < 0) {
		perror("msharectl: cannot start msharefs");
		return -1;
	}
	mount_program_read_output(said[0], text, sizeof(text));
	status = mount_program_wait(pid);
	/*
	 * On success, print nothing between the lines of the command, except
	 * the warning.
	 */
	if (status || strstr(text, "NOT shared"))
		fputs(text, stderr);
	if (status)
		fprintf(stderr,
			"msharectl: cannot mount msharefs for this run\n");
	return status ? -1 : 0;
}

int own_mount_start(struct own_mount *mount, const char *options,
		    const sigset_t *mask)
{
	int alive[2], said[2], err;

	if (pipe2(alive, O_CLOEXEC)) {
		perror("msharectl: cannot create a pipe");
		return -1;
	}
	if (pipe2(said, O_CLOEXEC)) {
		perror("msharectl: cannot create a pipe");
		goto close_alive;
	}
	if (make_dir(mount->dir))
		goto close_said;
	mount->alive = alive[0];
	err = run_daemon(mount, options, mask, alive, said);
	close(said[0]);
	if (err) {
		rmdir(mount->dir);
		close(alive[0]);
	}
	return err;
close_said:
	close(said[0]);
	close(said[1]);
close_alive:
	close(alive[0]);
	close(alive[1]);
	return -1;
}

void own_mount_release(struct own_mount *mount)
{
	if (mount_program_unmount(mount->dir, true) || rmdir(mount->dir))
		fprintf(stderr,
			"msharectl: cannot unmount %s; run: fusermount3 -u -z "
			"%s; rmdir %s\n",
			mount->dir, mount->dir, mount->dir);
}

void own_mount_wait(const struct own_mount *mount)
{
	struct pollfd end = {.fd = mount->alive};

	while (poll(&end, 1, END_MS) < 0 && errno == EINTR)
		;
}
