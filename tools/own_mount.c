/* SPDX-License-Identifier: MIT */
/*
 * Mounts msharefs for one run, and unmounts it. A process of its own does both:
 * the keeper, which outlives a run that is killed in between.
 */
#include "own_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

static int run_daemon(const char *dir, const char *options,
		      const sigset_t *mask, int alive)
{
	char text[4096];
	int said[2], status;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC)) {
		perror("msharectl: cannot create a pipe");
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become_daemon(dir, options, mask, alive, said[1]);
	close(said[1]);
	if (pid < 0) {
		perror("msharectl: cannot start msharefs");
		close(said[0]);
		return -1;
	}
	mount_program_read_output(said[0], text, sizeof(text));
	close(said[0]);
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

static void unmount_and_remove(const char *dir)
{
	if (mount_program_unmount(dir, true) || rmdir(dir))
		fprintf(stderr,
			"msharectl: cannot unmount %s; run: fusermount3 -u -z "
			"%s; rmdir %s\n",
			dir, dir, dir);
}

/* The keeper */

static ssize_t receive(int from, char *to, size_t size)
{
	ssize_t n;

	do
		n = recv(from, to, size, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/*
 * Mounts, tells the run where, and unmounts when the run hangs up: by
 * own_mount_release(), or because it was killed.
 */
static _Noreturn void keep(int run, const char *options, const sigset_t *mask,
			   int alive)
{
	char dir[PATH_MAX], byte;

	setsid(); /* what is sent to the run's process group spares us */
	if (make_dir(dir))
		_exit(EXIT_FAILURE);
	if (run_daemon(dir, options, mask, alive)) {
		rmdir(dir);
		_exit(EXIT_FAILURE);
	}
	send(run, dir, strlen(dir) + 1, MSG_NOSIGNAL);
	receive(run, &byte, 1);
	unmount_and_remove(dir);
	_exit(EXIT_SUCCESS);
}

/* mount->alive is set. Returns 0 or -1 after a message. */
static int start_keeper(struct own_mount *mount, const char *options,
			const sigset_t *mask, int alive)
{
	int peers[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peers)) {
		perror("msharectl: cannot create a pair of sockets");
		return -1;
	}
	mount->keeper = fork();
	if (mount->keeper == 0) {
		close(mount->alive);
		close(peers[0]);
		keep(peers[1], options, mask, alive);
	}
	close(peers[1]);
	mount->to_keeper = peers[0];
	if (mount->keeper < 0) {
		perror("msharectl: cannot start a process");
		close(peers[0]);
		return -1;
	}
	if (receive(peers[0], mount->dir, sizeof(mount->dir)) > 0)
		return 0;
	close(peers[0]);
	mount_program_wait(mount->keeper);
	return -1;
}

int own_mount_start(struct own_mount *mount, const char *options,
		    const sigset_t *mask)
{
	int alive[2], err;

	if (pipe2(alive, O_CLOEXEC)) {
		perror("msharectl: cannot create a pipe");
		return -1;
	}
	mount->alive = alive[0];
	err = start_keeper(mount, options, mask, alive[1]);
	close(alive[1]);
	if (err)
		close(alive[0]);
	return err;
}

void own_mount_leave(const struct own_mount *mount)
{
	close(mount->alive);
	close(mount->to_keeper);
}

void own_mount_release(const struct own_mount *mount)
{
	int status;

	close(mount->to_keeper);
	status = mount_program_wait(mount->keeper);
	if (WIFSIGNALED(status)) /* somebody killed it */
		unmount_and_remove(mount->dir);
}

void own_mount_wait(const struct own_mount *mount)
{
	struct pollfd end = {.fd = mount->alive};

	while (poll(&end, 1, END_MS) < 0 && errno == EINTR)
		;
}
